;; Exact vector search in WebAssembly SIMD. Assembled by `npm run assemble`; the bytes are in simd-kernel.ts.
;;
;; A row is two things: its vector, and a record about it. Both are padded with zeros, so there are no rests to treat:
;;
;;   vector   float32 x $dimensions            a multiple of 16
;;   record   float32 unit    what a product is multiplied by to be a score; NaN: have it looked at outside
;;            float32 step    the codes times it are about the vector, already multiplied by the unit
;;            float32 error   what the codes may be off by, times the length of the query
;;            i32     vector  where the vector is
;;            int8 x $codes   0 bytes, or as many as there are dimensions
(module
  (import "kernel" "memory" (memory 1))
  (import "kernel" "dimensions" (global $dimensions i32))
  (import "kernel" "codes" (global $codes i32))
  (import "kernel" "query" (global $query i32)) ;; float32 x $dimensions
  (import "kernel" "queryCodes" (global $queryCodes i32)) ;; int16 x $dimensions
  (import "kernel" "list" (global $list i32)) ;; i32: records to visit, where not all in a row are
  (import "kernel" "found" (global $found i32)) ;; i32: positions of the rows that reached the bar
  (import "kernel" "values" (global $values i32)) ;; float32: and their values

  ;; Sum of the four lanes.
  (func $sum (param $lanes v128) (result f32)
    (f32.add
      (f32.add (f32x4.extract_lane 0 (local.get $lanes)) (f32x4.extract_lane 1 (local.get $lanes)))
      (f32.add (f32x4.extract_lane 2 (local.get $lanes)) (f32x4.extract_lane 3 (local.get $lanes)))))

  ;; Dot product with the query. Four sums at once, because each has to wait for its own last addition.
  (func $product (param $vector i32) (result f32)
    (local $query i32) (local $end i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $query (global.get $query))
    (local.set $end (i32.add (local.get $vector) (i32.shl (global.get $dimensions) (i32.const 2))))
    (loop $next
      (local.set $a (f32x4.add (local.get $a)
        (f32x4.mul (v128.load (local.get $vector)) (v128.load (local.get $query)))))
      (local.set $b (f32x4.add (local.get $b)
        (f32x4.mul (v128.load offset=16 (local.get $vector)) (v128.load offset=16 (local.get $query)))))
      (local.set $c (f32x4.add (local.get $c)
        (f32x4.mul (v128.load offset=32 (local.get $vector)) (v128.load offset=32 (local.get $query)))))
      (local.set $d (f32x4.add (local.get $d)
        (f32x4.mul (v128.load offset=48 (local.get $vector)) (v128.load offset=48 (local.get $query)))))
      (local.set $query (i32.add (local.get $query) (i32.const 64)))
      (br_if $next (i32.lt_u
        (local.tee $vector (i32.add (local.get $vector) (i32.const 64))) (local.get $end))))
    (call $sum (f32x4.add
      (f32x4.add (local.get $a) (local.get $b)) (f32x4.add (local.get $c) (local.get $d)))))

  ;; Squared distance to the query, summed as the product is.
  (func $distance (param $vector i32) (result f32)
    (local $query i32) (local $end i32)
    (local $a v128) (local $b v128) (local $difference v128)
    (local.set $query (global.get $query))
    (local.set $end (i32.add (local.get $vector) (i32.shl (global.get $dimensions) (i32.const 2))))
    (loop $next
      (local.set $difference (f32x4.sub (v128.load (local.get $vector)) (v128.load (local.get $query))))
      (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $difference) (local.get $difference))))
      (local.set $difference
        (f32x4.sub (v128.load offset=16 (local.get $vector)) (v128.load offset=16 (local.get $query))))
      (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $difference) (local.get $difference))))
      (local.set $query (i32.add (local.get $query) (i32.const 32)))
      (br_if $next (i32.lt_u
        (local.tee $vector (i32.add (local.get $vector) (i32.const 32))) (local.get $end))))
    (call $sum (f32x4.add (local.get $a) (local.get $b))))

  ;; Visits `count` rows: those of the records in the list when `record` is 0, else those of the records from there on.
  ;; The positions of those that are worth at least `bar` go to $found, their values to $values; the result is how many.
  ;; Never left out are values that are no number.
  ;;
  ;; measure 0: product * unit. 1: the same, passing over rows whose codes prove that they stay below the bar.
  ;; 2: squared distance * unit.
  (func (export "visit")
    (param $record i32) (param $count i32) (param $measure i32) (param $bar f32)
    (param $queryStep f32) (param $queryLength f32) (param $slack f32) (result i32)
    (local $position i32) (local $code i32) (local $query i32) (local $end i32) (local $vector i32)
    (local $size i32) (local $listed i32) (local $a v128) (local $b v128) (local $value f32) (local $hits i32)
    (if (i32.eqz (local.get $count)) (then (return (i32.const 0))))
    (local.set $size (i32.add (global.get $codes) (i32.const 16)))
    (local.set $listed (i32.eqz (local.get $record)))
    (loop $rows
      (if (local.get $listed)
        (then (local.set $record
          (i32.load (i32.add (global.get $list) (i32.shl (local.get $position) (i32.const 2)))))))
      (block $skip
        (if (i32.eq (local.get $measure) (i32.const 1))
          (then
            (local.set $a (v128.const i32x4 0 0 0 0))
            (local.set $b (v128.const i32x4 0 0 0 0))
            (local.set $query (global.get $queryCodes))
            (local.set $code (i32.add (local.get $record) (i32.const 16)))
            (local.set $end (i32.add (local.get $code) (global.get $codes)))
            (loop $next
              (local.set $a (i32x4.add (local.get $a) (i32x4.dot_i16x8_s
                (v128.load8x8_s (local.get $code)) (v128.load (local.get $query)))))
              (local.set $b (i32x4.add (local.get $b) (i32x4.dot_i16x8_s
                (v128.load8x8_s offset=8 (local.get $code)) (v128.load offset=16 (local.get $query)))))
              (local.set $query (i32.add (local.get $query) (i32.const 32)))
              (br_if $next (i32.lt_u
                (local.tee $code (i32.add (local.get $code) (i32.const 16))) (local.get $end))))
            (local.set $a (i32x4.add (local.get $a) (local.get $b)))
            ;; The most that the row can be worth.
            (br_if $skip (f32.lt
              (f32.add
                (f32.add
                  (f32.mul
                    (f32.convert_i32_s (i32.add
                      (i32.add (i32x4.extract_lane 0 (local.get $a)) (i32x4.extract_lane 1 (local.get $a)))
                      (i32.add (i32x4.extract_lane 2 (local.get $a)) (i32x4.extract_lane 3 (local.get $a)))))
                    (f32.mul (f32.load offset=4 (local.get $record)) (local.get $queryStep)))
                  (f32.mul (f32.load offset=8 (local.get $record)) (local.get $queryLength)))
                (local.get $slack))
              (local.get $bar)))))
        (local.set $vector (i32.load offset=12 (local.get $record)))
        (local.set $value (f32.mul (f32.load (local.get $record))
          (if (result f32) (i32.eq (local.get $measure) (i32.const 2))
            (then (call $distance (local.get $vector)))
            (else (call $product (local.get $vector))))))
        (br_if $skip (f32.lt (local.get $value) (local.get $bar)))
        (local.set $query (i32.shl (local.get $hits) (i32.const 2)))
        (i32.store (i32.add (global.get $found) (local.get $query)) (local.get $position))
        (f32.store (i32.add (global.get $values) (local.get $query)) (local.get $value))
        (local.set $hits (i32.add (local.get $hits) (i32.const 1))))
      (local.set $record (i32.add (local.get $record) (local.get $size)))
      (br_if $rows (i32.lt_u
        (local.tee $position (i32.add (local.get $position) (i32.const 1))) (local.get $count))))
    (local.get $hits))

  ;; Writes the codes of a record whose vector is in its place: the vector divided by a step, rounded, such that the
  ;; largest becomes 127. Leaves the step in the record's step, and the length of what was rounded away in its error.
  (func (export "encode") (param $record i32)
    (local $vector i32) (local $end i32) (local $place i32) (local $code i32)
    (local $largest v128) (local $step f32) (local $steps v128)
    (local $rounded v128) (local $squares v128) (local $low v128) (local $values v128)
    (local.set $vector (i32.load offset=12 (local.get $record)))
    (local.set $end (i32.add (local.get $vector) (i32.shl (global.get $dimensions) (i32.const 2))))
    (local.set $place (local.get $vector))
    (loop $next
      (local.set $largest (f32x4.max (local.get $largest) (f32x4.abs (v128.load (local.get $place)))))
      (br_if $next (i32.lt_u
        (local.tee $place (i32.add (local.get $place) (i32.const 16))) (local.get $end))))
    (local.set $step (f32.div
      (f32.max
        (f32.max (f32x4.extract_lane 0 (local.get $largest)) (f32x4.extract_lane 1 (local.get $largest)))
        (f32.max (f32x4.extract_lane 2 (local.get $largest)) (f32x4.extract_lane 3 (local.get $largest))))
      (f32.const 127)))
    (f32.store offset=4 (local.get $record) (local.get $step))
    (local.set $steps (f32x4.splat (local.get $step)))
    ;; Where every value is 0 so is the step; 0 / 0 is no number, and what is no number becomes code 0.
    (local.set $code (i32.add (local.get $record) (i32.const 16)))
    (loop $next
      (local.set $values (v128.load (local.get $vector)))
      (local.set $rounded (f32x4.nearest (f32x4.div (local.get $values) (local.get $steps))))
      (local.set $low (i32x4.trunc_sat_f32x4_s (local.get $rounded)))
      ;; Measured from the code, so that the error is that of the code and not of the division.
      (local.set $values (f32x4.sub (local.get $values)
        (f32x4.mul (f32x4.convert_i32x4_s (local.get $low)) (local.get $steps))))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $values) (local.get $values))))
      (local.set $low (i16x8.narrow_i32x4_s (local.get $low) (local.get $low)))
      (v128.store32_lane 0 (local.get $code) (i8x16.narrow_i16x8_s (local.get $low) (local.get $low)))
      (local.set $code (i32.add (local.get $code) (i32.const 4)))
      (br_if $next (i32.lt_u
        (local.tee $vector (i32.add (local.get $vector) (i32.const 16))) (local.get $end))))
    (f32.store offset=8 (local.get $record) (f32.sqrt (call $sum (local.get $squares))))))
