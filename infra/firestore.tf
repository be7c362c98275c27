locals {
  _firestore = local.requirements.firestore

  # The indexes the code asks for, and for collections of passages the same ones
  # once more for each declared name and set of filter fields. Fields of a filter
  # stand between the tenant and the vector: equality first, then the list, then
  # ranges.
  _search_indexes = [
    for index in local._firestore.indexes : index
    if contains(local._firestore.search_collections, index.collectionGroup)
  ]
  _names = concat([""], [for name in var.search.collections : "_${name}"])
  _filters = [
    for filter in concat([{ equal = [], contains = [], range = [] }], var.search.filters) : concat(
      [for field in filter.equal : { fieldPath = "metadata.${field}", order = "ASCENDING" }],
      [for field in filter.contains : { fieldPath = "metadata.${field}", arrayConfig = "CONTAINS" }],
      [for field in filter.range : { fieldPath = "metadata.${field}", order = "ASCENDING" }],
    )
  ]
  _vector_indexes = concat(
    [
      for index in local._firestore.indexes : index
      if !contains(local._firestore.search_collections, index.collectionGroup)
    ],
    flatten([
      for index in local._search_indexes : [
        for name in local._names : [
          for filter in local._filters : {
            collectionGroup = "${index.collectionGroup}${name}"
            queryScope      = index.queryScope
            fields = concat(
              [for field in index.fields : field if !can(field.vectorConfig)],
              filter,
              [for field in index.fields : field if can(field.vectorConfig)],
            )
          }
        ]
      ]
    ]),
  )

  # Passages are also read and deleted by a filter without a vector; metadata has
  # no indexes but these.
  _plain_indexes = length(local._search_indexes) == 0 ? [] : flatten([
    for pair in setproduct(local._firestore.search_collections, local._names) : [
      for filter in local._filters : {
        collectionGroup = "${pair[0]}${pair[1]}"
        queryScope      = "COLLECTION"
        fields          = concat([{ fieldPath = "tenant", order = "ASCENDING" }], filter)
      } if length(filter) > 0
    ]
  ])

  # By what they hold, so that another order of the filters changes nothing, and
  # an index of another length is made before the old one is missed.
  indexes = merge([
    for index in concat(local._vector_indexes, local._plain_indexes) : {
      join("/", concat([index.collectionGroup], [
        for field in index.fields : can(field.vectorConfig) ? "${field.fieldPath}@${field.vectorConfig.dimension}" : field.fieldPath
      ])) = index
    }
  ]...)

  # All collections of passages are alike.
  field_overrides = merge([
    for override in local._firestore.field_overrides : {
      for name in contains(local._firestore.search_collections, override.collectionGroup) ? local._names : [""] :
      "${override.collectionGroup}${name}/${override.fieldPath}" => merge(override, { collectionGroup = "${override.collectionGroup}${name}" })
    }
  ]...)
}

resource "google_firestore_database" "this" {
  name                              = local._firestore.database
  location_id                       = local.database_location
  type                              = "FIRESTORE_NATIVE"
  point_in_time_recovery_enablement = var.database.point_in_time ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"
  delete_protection_state           = var.database.protect ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = var.database.protect ? "ABANDON" : "DELETE"

  depends_on = [google_project_service.this]
}

resource "google_firestore_index" "this" {
  for_each = local.indexes

  database    = google_firestore_database.this.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = [for field in each.value.fields : field if !can(field.vectorConfig)]
    content {
      field_path   = fields.value.fieldPath
      order        = try(fields.value.order, null)
      array_config = try(fields.value.arrayConfig, null)
    }
  }

  # Firestore puts the name before the vector. Unwritten, every plan would
  # differ; the provider overlooks it at the end alone.
  dynamic "fields" {
    for_each = [for field in each.value.fields : field if can(field.vectorConfig)]
    content {
      field_path = "__name__"
      order      = "ASCENDING"
    }
  }
  dynamic "fields" {
    for_each = [for field in each.value.fields : field if can(field.vectorConfig)]
    content {
      field_path = fields.value.fieldPath
      vector_config {
        dimension = fields.value.vectorConfig.dimension
        flat {}
      }
    }
  }

  lifecycle {
    precondition {
      condition     = alltrue([for field in each.value.fields : try(field.vectorConfig.dimension, 1) <= 2048])
      error_message = "Firestore stores at most 2,048 dimensions. Set the dimensions of the embedding model in functions/agents.yaml."
    }
  }
}

resource "google_firestore_field" "this" {
  for_each = local.field_overrides

  database   = google_firestore_database.this.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  # Empty: no index of its own.
  index_config {}

  dynamic "ttl_config" {
    for_each = each.value.ttl ? [true] : []
    content {}
  }
}

resource "google_firestore_backup_schedule" "daily" {
  for_each = var.database.keep_backups_days > 0 ? toset(["daily"]) : toset([])

  database  = google_firestore_database.this.name
  retention = "${var.database.keep_backups_days * 86400}s"

  daily_recurrence {}
}
