;; Exact vector search in WebAssembly SIMD. Assembled by `npm run assemble`; the bytes are in simd-kernel-bytes.ts.
;;
;; A row is two things: its vector, and a record about it. Both are padded with zeros, so there are no rests to treat:
;;
;;   vector   float32 x $dimensions            a multiple of 16
;;   record   float32 unit    what a product is multiplied by to be a score; NaN: have it looked at outside
;;            float32 step    of the codes
;;            float32 error   what the codes times the step may be off by
;;            i32     vector  where the vector is
;;            $codeBytes      0, or a multiple of 16
;;
;; A code is a whole number from -$largest to $largest. Times the step it is about what is coded: the vector times its unit,
;; less the centre. Where $largest is 127, codes are int8. Where it is 15, they have 16 added and are in 5 bits, three to a
;; uint16: of each 24 dimensions the first 8 in the lowest bits, the last 8 in the highest.
(module
  (import "kernel" "memory" (memory 1))
  (import "kernel" "dimensions" (global $dimensions i32))
  (import "kernel" "codeBytes" (global $codeBytes i32))
  (import "kernel" "largest" (global $largest i32))
  (import "kernel" "query" (global $query i32)) ;; float32 x $dimensions
  ;; int16 for each code, in the order of the vector. Where codes have 5 bits, a word less its lowest ones is middle + 32 * last,
  ;; and as such is multiplied by the last 8 of each 24, which are a 32nd of what they stand for; the middle code is multiplied
  ;; once more, by the middle 8 with as much taken off. That spares parting the last code from the middle one.
  (import "kernel" "queryCodes" (global $queryCodes i32))
  (import "kernel" "centre" (global $centre i32)) ;; float32 x $dimensions
  (import "kernel" "scratch" (global $scratch i32)) ;; int8 for each code
  ;; Of the query: int32 offset, float32 step, float32 length, float32 common. See $sieve.
  (import "kernel" "search" (global $search i32))
  (import "kernel" "list" (global $list i32)) ;; i32: records to go through, where not all in a row are
  (import "kernel" "found" (global $found i32)) ;; i32: positions of the rows that reached the bar
  (import "kernel" "values" (global $values i32)) ;; float32: and their values
  (import "kernel" "putOffCount" (global $putOffCount i32)) ;; i32: rows put off
  (import "kernel" "putOff" (global $putOff i32)) ;; i32: their positions
  (import "kernel" "mosts" (global $mosts i32)) ;; float32: the most that they can be worth

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

  ;; Goes through the codes of `count` rows: of those of the records in the list when `record` is 0, else of those from there
  ;; on. The positions of the rows that may be worth at least `bar` go to $found, the most that they can be worth to $values;
  ;; the result is how many. Never left out are those for which that is no number. It is
  ;;
  ;;   (sum of the products of the codes + the query's offset) * step * query's step + error * query's length + common
  ;;
  ;; Two rows a turn. Codes of 5 bits are gone through together, so that the query is read once for both, which saves a tenth.
  ;; Those of 8 bits are too long for it: memory fetches ahead for one who reads on, and not for one who jumps to and fro. Where
  ;; `count` is odd, the record behind the last is read too.
  (func $sieve (param $record i32) (param $count i32) (param $bar f32) (result i32)
    (local $other i32) (local $position i32) (local $listed i32) (local $place i32) (local $hits i32)
    (local $code i32) (local $otherCode i32) (local $query i32) (local $end i32) (local $isFine i32)
    (local $first v128) (local $second v128) (local $third v128) (local $lowest v128)
    (local $words v128) (local $upper v128) (local $a v128) (local $b v128) (local $head v128) (local $otherHead v128)
    (local $offset v128) (local $step v128) (local $length v128) (local $common v128) (local $bars v128)
    (local.set $offset (v128.load32_splat (global.get $search)))
    (local.set $step (v128.load32_splat offset=4 (global.get $search)))
    (local.set $length (v128.load32_splat offset=8 (global.get $search)))
    (local.set $common (v128.load32_splat offset=12 (global.get $search)))
    (local.set $bars (f32x4.splat (local.get $bar)))
    (local.set $listed (i32.eqz (local.get $record)))
    (local.set $isFine (i32.eq (global.get $largest) (i32.const 127)))
    (local.set $lowest (i16x8.splat (i32.const 31)))
    (loop $pairs
      (if (local.get $listed)
        (then
          (local.set $place (i32.add (global.get $list) (i32.shl (local.get $position) (i32.const 2))))
          (local.set $record (i32.load (local.get $place)))
          (local.set $other (i32.load offset=4 (local.get $place))))
        (else (local.set $other (i32.add (local.get $record) (i32.add (global.get $codeBytes) (i32.const 16))))))
      (local.set $code (i32.add (local.get $record) (i32.const 16)))
      (local.set $otherCode (i32.add (local.get $other) (i32.const 16)))
      (local.set $query (global.get $queryCodes))
      (local.set $a (v128.const i32x4 0 0 0 0))
      (local.set $b (v128.const i32x4 0 0 0 0))
      (if (local.get $isFine)
        (then
          (local.set $end (i32.add (local.get $query) (i32.shl (global.get $codeBytes) (i32.const 1))))
          (loop $next
            (local.set $a (i32x4.add (local.get $a) (i32x4.add
              (i32x4.dot_i16x8_s (v128.load8x8_s (local.get $code)) (v128.load (local.get $query)))
              (i32x4.dot_i16x8_s (v128.load8x8_s offset=8 (local.get $code)) (v128.load offset=16 (local.get $query))))))
            (local.set $code (i32.add (local.get $code) (i32.const 16)))
            (br_if $next (i32.lt_u
              (local.tee $query (i32.add (local.get $query) (i32.const 32))) (local.get $end))))
          (local.set $query (global.get $queryCodes))
          (loop $next
            (local.set $b (i32x4.add (local.get $b) (i32x4.add
              (i32x4.dot_i16x8_s (v128.load8x8_s (local.get $otherCode)) (v128.load (local.get $query)))
              (i32x4.dot_i16x8_s (v128.load8x8_s offset=8 (local.get $otherCode)) (v128.load offset=16 (local.get $query))))))
            (local.set $otherCode (i32.add (local.get $otherCode) (i32.const 16)))
            (br_if $next (i32.lt_u
              (local.tee $query (i32.add (local.get $query) (i32.const 32))) (local.get $end)))))
        (else
          (local.set $end (i32.add (local.get $code) (global.get $codeBytes)))
          (loop $next
            (local.set $first (v128.load (local.get $query)))
            (local.set $second (v128.load offset=16 (local.get $query)))
            (local.set $third (v128.load offset=32 (local.get $query)))
            (local.set $words (v128.load (local.get $code)))
            (local.set $upper (i16x8.shr_u (local.get $words) (i32.const 5)))
            (local.set $a (i32x4.add
              (i32x4.add (local.get $a)
                (i32x4.dot_i16x8_s (local.get $first) (v128.and (local.get $words) (local.get $lowest))))
              (i32x4.add
                (i32x4.dot_i16x8_s (local.get $second) (v128.and (local.get $upper) (local.get $lowest)))
                (i32x4.dot_i16x8_s (local.get $third) (local.get $upper)))))
            (local.set $words (v128.load (local.get $otherCode)))
            (local.set $upper (i16x8.shr_u (local.get $words) (i32.const 5)))
            (local.set $b (i32x4.add
              (i32x4.add (local.get $b)
                (i32x4.dot_i16x8_s (local.get $first) (v128.and (local.get $words) (local.get $lowest))))
              (i32x4.add
                (i32x4.dot_i16x8_s (local.get $second) (v128.and (local.get $upper) (local.get $lowest)))
                (i32x4.dot_i16x8_s (local.get $third) (local.get $upper)))))
            (local.set $query (i32.add (local.get $query) (i32.const 48)))
            (local.set $otherCode (i32.add (local.get $otherCode) (i32.const 16)))
            (br_if $next (i32.lt_u
              (local.tee $code (i32.add (local.get $code) (i32.const 16))) (local.get $end))))))
      ;; The sum of $a in lane 0, that of $b in lane 1.
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $b))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $b))))
      (local.set $a (i32x4.add
        (i8x16.shuffle 0 1 2 3 8 9 10 11 0 1 2 3 8 9 10 11 (local.get $a) (local.get $a))
        (i8x16.shuffle 4 5 6 7 12 13 14 15 4 5 6 7 12 13 14 15 (local.get $a) (local.get $a))))
      (local.set $head (v128.load (local.get $record)))
      (local.set $otherHead (v128.load (local.get $other)))
      (local.set $a (f32x4.add
        (f32x4.add
          (f32x4.mul
            (f32x4.convert_i32x4_s (i32x4.add (local.get $a) (local.get $offset)))
            (f32x4.mul
              (i8x16.shuffle 4 5 6 7 20 21 22 23 4 5 6 7 20 21 22 23 (local.get $head) (local.get $otherHead))
              (local.get $step)))
          (f32x4.mul
            (i8x16.shuffle 8 9 10 11 24 25 26 27 8 9 10 11 24 25 26 27 (local.get $head) (local.get $otherHead))
            (local.get $length)))
        (local.get $common)))
      (local.set $b (f32x4.lt (local.get $a) (local.get $bars)))
      (if (i32.eqz (i32x4.extract_lane 0 (local.get $b)))
        (then
          (local.set $place (i32.shl (local.get $hits) (i32.const 2)))
          (i32.store (i32.add (global.get $found) (local.get $place)) (local.get $position))
          (f32.store (i32.add (global.get $values) (local.get $place)) (f32x4.extract_lane 0 (local.get $a)))
          (local.set $hits (i32.add (local.get $hits) (i32.const 1)))))
      (local.set $position (i32.add (local.get $position) (i32.const 1)))
      (if (i32.and
            (i32.eqz (i32x4.extract_lane 1 (local.get $b)))
            (i32.lt_u (local.get $position) (local.get $count)))
        (then
          (local.set $place (i32.shl (local.get $hits) (i32.const 2)))
          (i32.store (i32.add (global.get $found) (local.get $place)) (local.get $position))
          (f32.store (i32.add (global.get $values) (local.get $place)) (f32x4.extract_lane 1 (local.get $a)))
          (local.set $hits (i32.add (local.get $hits) (i32.const 1)))))
      (local.set $record (i32.add (local.get $other) (i32.add (global.get $codeBytes) (i32.const 16))))
      (br_if $pairs (i32.lt_u
        (local.tee $position (i32.add (local.get $position) (i32.const 1))) (local.get $count))))
    (local.get $hits))

  ;; Visits `count` rows, which is not 0: those of the records in the list when `firstRecord` is 0, else those of the records
  ;; from there on. The positions of those that are worth at least `bar`, counted from `first`, go to $found, their values to
  ;; $values; the result is how many. Never left out are values that are no number.
  ;;
  ;; measure 0: product * unit. 2: squared distance * unit. 1: the first, of the rows that the sieve leaves; but where the codes
  ;; are more likely to be worth less than the bar than not, the row is put off.
  (func (export "visit")
    (param $firstRecord i32) (param $first i32) (param $count i32) (param $measure i32) (param $bar f32) (result i32)
    (local $turn i32) (local $position i32) (local $record i32) (local $vector i32) (local $place i32)
    (local $byCodes i32) (local $length f32) (local $value f32) (local $hits i32)
    (local.set $byCodes (i32.eq (local.get $measure) (i32.const 1)))
    (if (local.get $byCodes)
      (then
        (local.set $length (f32.load offset=8 (global.get $search)))
        (local.set $count (call $sieve (local.get $firstRecord) (local.get $count) (local.get $bar)))
        (if (i32.eqz (local.get $count)) (then (return (i32.const 0))))))
    (loop $rows
      (local.set $place (i32.shl (local.get $turn) (i32.const 2)))
      ;; There are never more hits than turns: what the sieve left is read before a hit is written over it.
      (local.set $position
        (if (result i32) (local.get $byCodes)
          (then (i32.load (i32.add (global.get $found) (local.get $place))))
          (else (local.get $turn))))
      (local.set $record
        (if (result i32) (local.get $firstRecord)
          (then (i32.add (local.get $firstRecord)
            (i32.mul (local.get $position) (i32.add (global.get $codeBytes) (i32.const 16)))))
          (else (i32.load (i32.add (global.get $list) (i32.shl (local.get $position) (i32.const 2)))))))
      (local.set $position (i32.add (local.get $position) (local.get $first)))
      (block $next
        (if (local.get $byCodes)
          (then
            (local.set $value (f32.load (i32.add (global.get $values) (local.get $place))))
            (if (f32.lt
                  (f32.sub (local.get $value)
                    (f32.mul (f32.load offset=8 (local.get $record)) (local.get $length)))
                  (local.get $bar))
              (then
                (local.set $place (i32.shl (i32.load (global.get $putOffCount)) (i32.const 2)))
                (i32.store (i32.add (global.get $putOff) (local.get $place)) (local.get $position))
                (f32.store (i32.add (global.get $mosts) (local.get $place)) (local.get $value))
                (i32.store (global.get $putOffCount)
                  (i32.add (i32.load (global.get $putOffCount)) (i32.const 1)))
                (br $next)))))
        (local.set $vector (i32.load offset=12 (local.get $record)))
        (local.set $value (f32.mul (f32.load (local.get $record))
          (if (result f32) (i32.eq (local.get $measure) (i32.const 2))
            (then (call $distance (local.get $vector)))
            (else (call $product (local.get $vector))))))
        (br_if $next (f32.lt (local.get $value) (local.get $bar)))
        (local.set $place (i32.shl (local.get $hits) (i32.const 2)))
        (i32.store (i32.add (global.get $found) (local.get $place)) (local.get $position))
        (f32.store (i32.add (global.get $values) (local.get $place)) (local.get $value))
        (local.set $hits (i32.add (local.get $hits) (i32.const 1))))
      (br_if $rows (i32.lt_u
        (local.tee $turn (i32.add (local.get $turn) (i32.const 1))) (local.get $count))))
    (local.get $hits))

  ;; Writes the codes of a record whose unit and vector are in their places, and the step, such that the largest code is
  ;; $largest. Leaves the length of what was rounded away in the record's error.
  (func (export "encode") (param $record i32)
    (local $vector i32) (local $end i32) (local $place i32) (local $centre i32) (local $scratch i32)
    (local $unit v128) (local $most v128) (local $step f32) (local $steps v128)
    (local $values v128) (local $codes v128) (local $offset v128) (local $squares v128)
    (local.set $unit (v128.load32_splat (local.get $record)))
    (local.set $vector (i32.load offset=12 (local.get $record)))
    (local.set $end (i32.add (local.get $vector) (i32.shl (global.get $dimensions) (i32.const 2))))
    (local.set $place (local.get $vector))
    (local.set $centre (global.get $centre))
    (loop $next
      (local.set $most (f32x4.max (local.get $most) (f32x4.abs (f32x4.sub
        (f32x4.mul (v128.load (local.get $place)) (local.get $unit)) (v128.load (local.get $centre))))))
      (local.set $centre (i32.add (local.get $centre) (i32.const 16)))
      (br_if $next (i32.lt_u
        (local.tee $place (i32.add (local.get $place) (i32.const 16))) (local.get $end))))
    (local.set $step (f32.div
      (f32.max
        (f32.max (f32x4.extract_lane 0 (local.get $most)) (f32x4.extract_lane 1 (local.get $most)))
        (f32.max (f32x4.extract_lane 2 (local.get $most)) (f32x4.extract_lane 3 (local.get $most))))
      (f32.convert_i32_s (global.get $largest))))
    (f32.store offset=4 (local.get $record) (local.get $step))
    (local.set $steps (f32x4.splat (local.get $step)))
    (if (i32.eq (global.get $largest) (i32.const 15))
      (then (local.set $offset (i32x4.splat (i32.const 16)))))
    (local.set $centre (global.get $centre))
    (local.set $scratch (global.get $scratch))
    (loop $next
      (local.set $values (f32x4.sub
        (f32x4.mul (v128.load (local.get $vector)) (local.get $unit)) (v128.load (local.get $centre))))
      ;; Where every value is 0 so is the step; 0 / 0 is no number, and what is no number becomes code 0. A step that is too
      ;; small to be exact would make codes that are too large.
      (local.set $codes (i32x4.max_s
        (i32x4.min_s
          (i32x4.trunc_sat_f32x4_s (f32x4.nearest (f32x4.div (local.get $values) (local.get $steps))))
          (i32x4.splat (global.get $largest)))
        (i32x4.neg (i32x4.splat (global.get $largest)))))
      ;; Measured from the code, so that the error is that of the code and not of the division.
      (local.set $values (f32x4.sub (local.get $values)
        (f32x4.mul (f32x4.convert_i32x4_s (local.get $codes)) (local.get $steps))))
      (local.set $squares (f32x4.add (local.get $squares) (f32x4.mul (local.get $values) (local.get $values))))
      (local.set $codes (i32x4.add (local.get $codes) (local.get $offset)))
      (local.set $codes (i16x8.narrow_i32x4_s (local.get $codes) (local.get $codes)))
      (v128.store32_lane 0 (local.get $scratch) (i8x16.narrow_i16x8_s (local.get $codes) (local.get $codes)))
      (local.set $scratch (i32.add (local.get $scratch) (i32.const 4)))
      (local.set $centre (i32.add (local.get $centre) (i32.const 16)))
      (br_if $next (i32.lt_u
        (local.tee $vector (i32.add (local.get $vector) (i32.const 16))) (local.get $end))))
    (f32.store offset=8 (local.get $record) (f32.sqrt (call $sum (local.get $squares))))
    (local.set $scratch (global.get $scratch))
    (local.set $place (i32.add (local.get $record) (i32.const 16)))
    (local.set $end (i32.add (local.get $place) (global.get $codeBytes)))
    (loop $next
      (if (i32.eq (global.get $largest) (i32.const 15))
        (then
          (v128.store (local.get $place) (v128.or
            (v128.load8x8_u (local.get $scratch))
            (v128.or
              (i16x8.shl (v128.load8x8_u offset=8 (local.get $scratch)) (i32.const 5))
              (i16x8.shl (v128.load8x8_u offset=16 (local.get $scratch)) (i32.const 10)))))
          (local.set $scratch (i32.add (local.get $scratch) (i32.const 24))))
        (else
          (v128.store (local.get $place) (v128.load (local.get $scratch)))
          (local.set $scratch (i32.add (local.get $scratch) (i32.const 16)))))
      (br_if $next (i32.lt_u
        (local.tee $place (i32.add (local.get $place) (i32.const 16))) (local.get $end))))))
