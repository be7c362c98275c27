# The database has what the code asks it for.

mock_provider "google" {}

variables {
  # Terraform tests forget the default of an ephemeral variable.
  secret_values = {}

  project_id      = "test-project"
  build_directory = "./tests/private"
  environment     = { OLLAMA_HOST = "https://ollama.example.com" }
  database        = { location = "nam5" }
  search = {
    collections = ["support"]
    filters     = [{ equal = ["team"], contains = ["tags"], range = ["year"] }, { equal = ["team"] }]
  }
}

run "every_vector_has_an_index_for_every_declared_search" {
  assert {
    condition = toset([for index in google_firestore_index.this : join(" ", concat([index.collection], [for field in index.fields : field.field_path])) if !startswith(index.collection, "next")]) == toset([
      "passages tenant __name__ embedding",
      "passages tenant metadata.team __name__ embedding",
      "passages tenant metadata.team metadata.tags metadata.year __name__ embedding",
      "passages tenant __name__ lexical",
      "passages tenant metadata.team __name__ lexical",
      "passages tenant metadata.team metadata.tags metadata.year __name__ lexical",
      "passages_support tenant __name__ embedding",
      "passages_support tenant metadata.team __name__ embedding",
      "passages_support tenant metadata.team metadata.tags metadata.year __name__ embedding",
      "passages_support tenant __name__ lexical",
      "passages_support tenant metadata.team __name__ lexical",
      "passages_support tenant metadata.team metadata.tags metadata.year __name__ lexical",
      "passages tenant metadata.team",
      "passages tenant metadata.team metadata.tags metadata.year",
      "passages_support tenant metadata.team",
      "passages_support tenant metadata.team metadata.tags metadata.year",
      "passages_sluice_cache tenant metadata.scope __name__ embedding",
    ])
    error_message = "The indexes are not those that the declared searches need."
  }
  assert {
    condition = alltrue(flatten([
      for index in google_firestore_index.this : [
        for field in index.fields : field.vector_config[0].dimension > 0 && field.vector_config[0].dimension <= 2048 && length(field.vector_config[0].flat) == 1
        if length(field.vector_config) > 0
      ]
    ]))
    error_message = "A vector index has a dimension that Firestore does not store."
  }
  assert {
    condition     = alltrue(flatten([for index in google_firestore_index.this : [for field in index.fields : field.array_config == "CONTAINS" if field.field_path == "metadata.tags"]]))
    error_message = "A list is not indexed as a list."
  }
  assert {
    condition     = alltrue([for index in google_firestore_index.this : index.database == "knowledge"])
    error_message = "An index is in another database."
  }
}

run "long_and_growing_fields_have_no_index_of_their_own" {
  assert {
    condition = length(setsubtract([
      "passages/content", "passages/metadata", "passages/createdAt", "passages/updatedAt",
      "passages_support/content", "passages_support/metadata", "passages_sluice_cache/content",
      "articles/text", "ingestions/updatedAt", "cache/value", "shards/byDimension",
    ], keys(google_firestore_field.this))) == 0
    error_message = "A long or growing field is indexed."
  }
  assert {
    condition     = alltrue([for field in google_firestore_field.this : length(field.index_config) == 1 && length(field.index_config[0].indexes) == 0])
    error_message = "A field that should have no index has one."
  }
}

run "what_is_over_goes_away" {
  assert {
    condition     = toset([for name, field in google_firestore_field.this : name if length(field.ttl_config) > 0]) == toset(["cache/expireAt", "claims/expireAt", "ingestions/expireAt", "shards/expireAt"])
    error_message = "Something that expires is kept for ever."
  }
}

run "the_database_is_kept" {
  assert {
    condition     = google_firestore_database.this.delete_protection_state == "DELETE_PROTECTION_ENABLED" && google_firestore_database.this.deletion_policy == "ABANDON"
    error_message = "The database can be deleted by mistake."
  }
  assert {
    condition     = google_firestore_database.this.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED" && google_firestore_backup_schedule.daily["daily"].retention == "604800s"
    error_message = "There is no way back."
  }
}

run "events_come_from_the_database_where_it_is" {
  assert {
    condition     = google_cloudfunctions2_function.this["ingest-on-write"].event_trigger[0].trigger_region == "nam5"
    error_message = "A trigger is where its database is, or Google refuses it."
  }
  assert {
    condition     = google_cloudfunctions2_function.this["ingest-on-write"].event_trigger[0].retry_policy == "RETRY_POLICY_RETRY"
    error_message = "An event that failed is lost."
  }
  assert {
    condition = toset([for filter in google_cloudfunctions2_function.this["ingest-on-write"].event_trigger[0].event_filters : "${filter.attribute}=${filter.value}"]) == toset([
      "database=knowledge", "document=articles/{document}",
    ])
    error_message = "Events of other documents arrive."
  }
  assert {
    condition     = length([for function in google_cloudfunctions2_function.this : function if length(function.event_trigger) > 0]) == 1
    error_message = "Another function is started by events too."
  }
}

run "another_model_is_indexed_beside_the_old_one" {
  assert {
    condition = alltrue([
      for key in [
        "passages/tenant/embedding@768", "next/tenant/embedding@1536", "next_support/tenant/metadata.team/embedding@1536",
      ] : contains(keys(google_firestore_index.this), key)
    ])
    error_message = "While a collection is embedded anew, one of the two cannot be searched."
  }
  assert {
    condition     = contains(keys(google_firestore_field.this), "next/content") && contains(keys(google_firestore_field.this), "next_support/content")
    error_message = "A long field of the new collection is indexed."
  }
}

run "an_index_holds_one_list" {
  command = plan
  variables {
    search = { filters = [{ contains = ["tags", "authors"] }] }
  }
  expect_failures = [var.search]
}
