(* The PRAM step by scalars, as a function of w: the scalars of efasp/pram/step.py and efasp/pram/views.py, for both engines,
   with and without extension M. Forms of words are at scale 2, of flags, signed bits and codes at scale 1, unless a comment
   says so. *)
From Coq Require Import List Bool ZArith QArith.
From Efasp Require Import Statement Scalars StepBuilder.
From Efasp Require Form Gates Product Slots Follows.
Import ListNotations.
Open Scope Z_scope.

(* Operators. *)
Definition twice : form -> form := scaled 2.
Definition negated (f : form) : form := combined [(-1, f)] 1. (* of a flag *)
Section Operators.
Variable fold : bool. (* whether units whose sign is known are left out *)
Definition of_flag (k : Z) (f : form) : Z * form * bounds := (k, f, (0, 1)).
Definition of_bit (k : Z) (f : form) : Z * form * bounds := (k, f, (0, 2)). (* of a word *)
Definition gated (w : nat) (flag : form) (word : list form) : builder (list form) :=
  bit_rows fold 2 [[twice flag]; word] (Gates.gate_rows w).
Definition gated_flag (flag other : form) : builder form :=
  fs <- bit_rows fold 1 [[flag]; [other]] (Gates.gate_rows 1);; give (bit fs 0).
Definition both_flags (f g : form) : builder form := fs <- bit_rows fold 1 [[f]; [g]] (Gates.and_rows 1);; give (bit fs 0).
(* A word where all flags are 1, else 0. *)
Definition gated_by (flags : list form) (word : list form) : builder (list form) :=
  every (fun f => unit_of fold (of_bit 1 f :: map (of_flag 2) flags) (-2 * Z.of_nat (length flags))) word.
(* Signed bits, each with its bounds, where all flags are 1, else 0. *)
Definition gated_signs (flags : list form) (signs : list (form * bounds)) : builder (list form) :=
  every (fun '(f, r) => up <- unit_of fold ((1, f, r) :: map (of_flag 2) flags) (-2 * Z.of_nat (length flags));;
    down <- unit_of fold ((-1, f, r) :: map (of_flag 2) flags) (-2 * Z.of_nat (length flags));;
    give (combined [(1, up); (-1, down)] 0)) signs.
(* The sum of words, each gated by its flag. *)
Definition chosen (w : nat) (cases : list (form * list form)) : builder (list form) :=
  gs <- every (fun '(flag, word) => gated w flag word) cases;; give (sums w gs).
Definition on_words (rows_of : nat -> list Form.form) (w : nat) (a x : list form) : builder (list form) :=
  bit_rows fold 2 [a; x] (rows_of w).
Definition as_word (w : nat) (fs : list form) : list form := each w (fun i => match i with O => bit fs 0 | _ => zero end).
(* Products by columns (Product.v), and shifts by a word (Gates.v), with what they share built once. *)
Definition column_carry (k : nat) : Form.terms :=
  flat_map (fun m => Gates.threshold (Form.word 1 0 k) (Z.of_nat (S m) * 2 ^ Z.of_nat k)) (seq 0 (k - 1)).
Definition column_bounds (w : nat) (a x : list form) : list bounds :=
  map (fun k => extent_sum (fun _ _ => (0, 2)) 2 [a; x] (Product.products k) 0) (seq 0 w).
Definition of_columns (l : list bounds) (arg k : nat) : bounds := match arg with O => nth k l (0, 0) | _ => (0, 0) end.
Definition multiplied (w : nat) (a x : list form) : builder (list form) :=
  columns <- bit_rows fold 2 [a; x] (map (fun k => (Product.products k, 0)) (seq 0 w));;
  carries <- rows fold (of_columns (column_bounds w a x)) 2 [columns]
    (map (fun k => (column_carry k, 0)) (seq 0 (S w)));;
  give (each w (fun k => combined [(1, bit columns k); (1, bit carries k); (-2, bit carries (S k))] 0)).
Definition amounts (w : nat) (a x : list form) (enable : form) : builder (list form) :=
  bit_rows fold 2 [a; x; [twice enable]] (map (fun s =>
    (Gates.equality (Gates.amount true w) (Z.of_nat s - Gates.offset true w), 0)) (seq 0 w)).
Definition moved (source : nat -> nat) (n : nat) : Form.form := (map (fun s => (1, Gates.both 0 1 (source s) s)) (seq 0 n), 0).
Definition shifted_left (w : nat) (a x : list form) (enable : form) : builder (list form) :=
  by_ <- amounts w a x enable;; bit_rows fold 2 [a; by_] (map (fun i => moved (fun s => i - s)%nat (S i)) (seq 0 w)).
Definition shifted_right (w : nat) (a x : list form) (enable : form) : builder (list form) :=
  by_ <- amounts w a x enable;; bit_rows fold 2 [a; by_] (map (fun i => moved (fun s => i + s)%nat (w - i)) (seq 0 w)).
End Operators.

(* [code]: None for the universal machine, which reads its program from the prompt; or the program, which is then in the
   definition: its instructions are selected by units, and units whose sign is known are left out. *)
Definition folded (code : option (list instruction)) : bool := match code with Some _ => true | None => false end.

Section Step.
Variables (w : nat) (log ext : bool) (code : option (list instruction)).
Let fold : bool := folded code.

(* The entries of a code: of the token, then of the place. *)
Let kinds : nat := 9 + length (operations ext).
Let tokens : nat := token_code_width w ext.
Let place_kinds : nat := if log then 10 else 9.
Let span (from n : nat) : list form := map entry (seq from n).
Definition token_flag (n : nat) : form := entry n.
Definition status_flags : list form := span 0 5.
Definition op_flags : list form := span 9 (length (operations ext)).
Definition masked : form := token_flag 7.
Definition sink : form := token_flag 8.
Definition word_signs : list form := span (S kinds) w.
Definition name_signs : list form := span (S kinds + w) 3.
Definition place_flag (n : nat) : form := entry (tokens + n).
Definition one : form := place_flag place_kinds.
Let fields : nat := tokens + S place_kinds.
Definition index_signs : list form := span fields w.
Definition time_signs : list form := span (fields + w) (clock_bits w). (* of the log *)
Definition earlier_signs : list form := span (fields + w + clock_bits w) (clock_bits w).
Definition clock : form := entry (fields + w + 2 * clock_bits w).
Definition register_signs : list form := span (fields + w) 3. (* of cells *)
(* The kinds of places that have an index: instructions, memory, log or cells. *)
Definition indexed : form := total (map place_flag (if log then [2; 3; 4; 5; 6; 7; 8; 9] else [2; 3; 4; 5; 6; 7; 8]))%nat.
(* The index as a word, and the token's word. *)
Definition unsigned (signs : list form) (present : form) : list form := map (fun s => added s present) signs.
Definition index_word : list form := unsigned index_signs indexed.
Definition token_word : list form := unsigned word_signs (total status_flags).
(* Signed bits of a word, 0 where it is not present. *)
Definition signed (word : list form) (present : form) : list form := map (fun f => combined [(1, f); (-1, present)] 0) word.
Definition always : form := combined [] 1.
(* Low processors are urgent, at scale 2. *)
Definition urgency : form := combined ((2 * (2 ^ Z.of_nat w - 1), indexed) ::
  map (fun j => (- 2 ^ Z.of_nat j, bit index_word j)) (seq 0 w)) 0.

Definition match_one : wanted -> builder attention := match_of one sink.

(* How an engine reads the machine. *)
Record counter := { at_word : list form; at_status : list form }. (* the status one-hot, none set where there is no counter *)
Definition running (c : counter) : form := bit (at_status c) 0.
Record view := {
  the_counter : builder counter;
  the_register : list form -> builder (list form); (* by its name in signed bits *)
  the_cell : list form -> form -> builder attention; (* of memory, by its address in signed bits, absent where the flag is 1 *)
  cell_value : list form
}.
Definition counter_at (m : attention) : builder counter :=
  word <- reads m token_word;; status <- reads m status_flags;; give {| at_word := word; at_status := status |}.

(* The instruction at a counter: its operation one-hot, three names of registers in signed bits, and the immediate. *)
Record fetched := { operation_of : list form; name_d : list form; name_a : list form; name_b : list form;
  immediate_word : list form; bounds_d : list bounds (* of the bits of the first name *) }.
Definition looked_up (c : counter) : builder fetched :=
  let field n := match_one {| scale := 1; matched := [(signed (at_word c) (total (at_status c)), index_signs)];
    among := [place_flag n]; but := []; by_rank := None; bound := 1; unless := Some (negated (running c)) |} in
  mo <- field 2%nat;; md <- field 3%nat;; ma <- field 4%nat;; mx <- field 5%nat;;
  o <- reads mo op_flags;; d <- reads md name_signs;; a <- reads ma name_signs;; b <- reads mx name_signs;;
  v <- reads mx token_word;;
  give {| operation_of := o; name_d := d; name_a := a; name_b := b; immediate_word := v; bounds_d := repeat (-1, 1) 3 |}.
(* The instruction of a program at a counter that runs, by a one-hot of its instructions: unit j is 1 less in how many bits the
   counter differs from j. *)
Definition selecting (c : counter) (j : nat) : form :=
  let one i := Z.testbit (Z.of_nat j) (Z.of_nat i) in
  combined ((2, running c) :: map (fun i => (if one i then 1 else -1, bit (at_word c) i)) (seq 0 w))
    (-2 * fold_right (fun i rest => Z.b2z (one i) + rest) 0 (seq 0 w)).
(* What the instructions have in a field, over their units. *)
Definition listed (value : instruction -> Z) (units : list (instruction * form)) : form :=
  combined (flat_map (fun '(i, u) => let c := value i in if c =? 0 then [] else [(c, u)]) units) 0.
Definition name_bit (of : instruction -> operand) (b : nat) (i : instruction) : Z :=
  match of i with Register r => if Z.testbit r (Z.of_nat b) then 1 else -1 | _ => 0 end.
Definition immediate_bit (b : nat) (i : instruction) : Z :=
  match rx i with Immediate v => if Z.testbit v (Z.of_nat b) then 2 else 0 | _ => 0 end.
Definition bounds_of (l : list Z) : bounds := (fold_right Z.min 0 l, fold_right Z.max 0 l).
Definition selected (l : list instruction) (c : counter) : builder fetched :=
  us <- every (fun j => halved (selecting c j)) (seq 0 (length l));;
  let units := combine l us in
  let names of := map (fun b => listed (name_bit of b) units) (seq 0 3) in
  give {| operation_of := map (fun o => listed (fun i => if op_number (op i) =? op_number o then 1 else 0) units)
      (operations ext);
    name_d := names rd; name_a := names ra; name_b := names rx; immediate_word := each w (fun b => listed (immediate_bit b)
      units);
    bounds_d := map (fun b => bounds_of (map (name_bit rd b) l)) (seq 0 3) |}.
Definition fetch (c : counter) : builder fetched :=
  match code with Some l => selected l c | None => looked_up c end.
Definition is_op (i : fetched) (o : operation) : form := bit (operation_of i) (Z.to_nat (op_number o)).
Definition any_op (i : fetched) (l : list operation) : form := total (map (is_op i) l).

(* What is asked for nowhere is not looked up. *)
Definition none : list form := each w (fun _ => zero).
(* P where the flag is 1. *)
Definition count (asked : form) : builder (list form) :=
  if nothing asked then give none else
  m <- match_one {| scale := 1; matched := []; among := [place_flag 1]; but := []; by_rank := None; bound := 1;
    unless := Some (negated asked) |};;
  reads m token_word.
Definition read_register (v : view) (name : list form) : builder (list form) :=
  if forallb nothing name then give none else the_register v name.
Definition read_cell (v : view) (address : list form) (touches : form) : builder (list form * form) :=
  if nothing touches then give (none, zero) else
  m <- the_cell v address (negated touches);; loaded <- reads m (cell_value v);; valid <- found sink m;; give (loaded, valid).

(* What is read, after which all is computed at the position itself. *)
Record operands := { value_a : list form; value_d : list form; value_x : list form }.
Definition read_operands (v : view) (i : fetched) : builder operands :=
  a <- read_register v (name_a i);; d <- read_register v (name_d i);; b <- read_register v (name_b i);;
  p <- count (is_op i Nproc);;
  give {| value_a := a; value_d := d; value_x := sums w [immediate_word i; b; p] |}.

Definition results_of (i : fetched) (a x loaded : list form) : builder (list (form * list form)) :=
  let computed o rows_of := r <- on_words fold rows_of w a x;; give (is_op i o, r) in
  r1 <- computed Add Gates.add_rows;; r2 <- computed Sub Gates.sub_rows;; r3 <- computed And Gates.and_rows;;
  r4 <- computed Or Gates.or_rows;; r5 <- computed Xor Gates.xor_rows;;
  r6 <- computed Shl Gates.shift_left_rows;; r7 <- computed Shr Gates.shift_right_rows;;
  l <- on_words fold Gates.less_rows w a x;; e <- on_words fold Gates.equal_rows w a x;;
  m <- (if ext then p <- multiplied fold w a x;; give [(is_op i Mul, p)] else give []);;
  give ([r1; r2; r3; r4; r5; r6; r7; (is_op i Slt, as_word w l); (is_op i Seq, as_word w e)] ++ m ++
    [(any_op i [Mov; Nproc], x); (is_op i Ld, loaded); (is_op i Pid, index_word)]).
Definition result_of (i : fetched) (o : operands) (loaded : list form) (valid : form) : builder (list form) :=
  let a := value_a o in let x := value_x o in
  cases <- results_of i a x loaded;;
  kept <- gated_by fold [is_op i St; valid] (value_d o);;
  shifts <- (if ext then l <- shifted_left fold w a x (is_op i Shlx);; r <- shifted_right fold w a x (is_op i Shrx);; give [l; r]
    else give []);;
  c <- chosen fold w cases;;
  give (sums w (c :: kept :: shifts)).

Definition next_of (c : counter) (i : fetched) (a x : list form) (valid : form) : builder counter :=
  let is_zero o := unit_of fold (of_flag 2 (is_op i o) :: map (of_bit (-1)) a) 0 in (* [o, and a = 0], at scale 2 *)
  z <- is_zero Jz;; n <- is_zero Jnz;;
  let taken := combined [(2, is_op i Jmp); (1, z); (2, is_op i Jnz); (-1, n)] 0 in (* at scale 2 *)
  let fetched_one := total (operation_of i) in
  let stays := combined [(-1, fetched_one); (1, is_op i Halt); (1, is_op i Ld); (1, is_op i St); (-1, valid)] 1 in
  let onward := combined [(-1, taken); (-2, stays)] 2 in (* at scale 2 *)
  next <- bit_rows fold 2 [at_word c] (Gates.increment_rows w);;
  s <- gated fold w stays (at_word c);; t <- bit_rows fold 2 [[taken]; x] (Gates.gate_rows w);;
  o <- bit_rows fold 2 [[onward]; next] (Gates.gate_rows w);;
  lf <- unit_of fold [of_flag 1 (is_op i Ld); of_flag (-1) valid] 0;;
  sf <- unit_of fold [of_flag 1 (is_op i St); of_flag (-1) valid] 0;;
  let was n := bit (at_status c) n in
  give {| at_word := sums w [s; t; o];
    at_status := [combined [(1, fetched_one); (-1, is_op i Halt); (-1, lf); (-1, sf)] 0; total [was 1%nat; is_op i Halt];
      total [was 2%nat; lf]; total [was 3%nat; sf]; combined [(1, was 4%nat); (1, was 0%nat); (-1, fetched_one)] 0] |}.

(* One step of the own processor, at every position that computes it. *)
Record outcome := { counter_out : counter; address_out : list form; result_out : list form;
  stores : form; writes_name : form; name_out : list form; bounds_out : list bounds }.
Definition register_operations : list operation :=
  [Mov; Add; Sub; And; Or; Xor; Shl; Shr; Slt; Seq; Pid; Nproc] ++ (if ext then [Mul; Shlx; Shrx] else []).
Definition finish (c : counter) (i : fetched) (o : operands) (address loaded : list form) (valid : form) : builder outcome :=
  result <- result_of i o loaded valid;;
  loads <- unit_of fold [of_flag 1 (is_op i Ld); of_flag 1 valid] (-1);;
  next <- next_of c i (value_a o) (value_x o) valid;;
  store <- unit_of fold [of_flag 1 (is_op i St); of_flag 1 valid] (-1);;
  give {| counter_out := next; address_out := address; result_out := result; stores := store;
    writes_name := total [any_op i register_operations; loads]; name_out := name_d i; bounds_out := bounds_d i |}.
Definition execute (v : view) (c : counter) : builder outcome :=
  i <- fetch c;; o <- read_operands v i;;
  address <- on_words fold Gates.add_rows w (value_a o) (value_x o);;
  m <- read_cell v (signed address always) (any_op i [Ld; St]);;
  finish c i o address (fst m) (snd m).

(* The log: a block counts as written only when none of its tokens is masked. *)
Definition target_place : form := place_flag 8.
Definition memory_place : form := place_flag 6.
Definition masks_of (query : list form) : builder attention :=
  match_one {| scale := 1; matched := [(query, time_signs)]; among := [masked]; but := []; by_rank := None; bound := 1;
    unless := None |}.
Definition find_incomplete : builder form := m <- masks_of time_signs;; found sink m.
Definition find_ready : builder form := m <- masks_of earlier_signs;; missed sink m.
(* A token of a processor at a time: of place kind n. *)
Definition token_of (query : list form) (n : nat) : builder attention :=
  match_one {| scale := 1; matched := [(query, time_signs); (index_signs, index_signs)]; among := [place_flag n];
    but := [masked];
    by_rank := None; bound := 1; unless := None |}.
(* A target offers the word of its value position; a place of the initial memory its own. *)
Definition contents : builder (list form) :=
  m <- token_of time_signs 9;; paired <- reads m token_word;; own <- gated fold w memory_place token_word;; give (sums w [paired;
    own]).
(* Of several targets of one time and address the lowest processor's counts: whether a target is beaten, at scale 2. *)
Definition find_beaten : builder (list form) :=
  m <- match_one {| scale := 2; matched := [(time_signs, map twice time_signs); (word_signs, map twice word_signs)];
    among := [twice target_place]; but := []; by_rank := Some urgency; bound := 2 ^ Z.of_nat w; unless := None |};;
  highest <- read m urgency;; plain_rows 2 [[combined [(1, highest); (-1, urgency)] 0]] (Gates.threshold_rows 1).
(* Whether a position holds a word of memory, and at which address, in signed bits. *)
Definition holdings : builder (form * list form) :=
  stored <- both_flags fold target_place (token_flag 0);;
  h1 <- gated fold w memory_place index_word;; h2 <- gated fold w stored token_word;;
  give (total [memory_place; stored], signed (sums w [h1; h2]) (total [memory_place; stored])).
Definition latest_first : Z := 2 ^ Z.of_nat (clock_bits w).
Definition view_of_log (incomplete beaten : form) (content : list form) (holding : form * list form) : view := {|
  the_counter := m <- token_of earlier_signs 7;; counter_at m;
  the_register name := m <- match_one {| scale := 1; matched := [(index_signs, index_signs); (name, name_signs)];
      among := [target_place]; but := [incomplete]; by_rank := Some clock; bound := latest_first; unless := None |};;
    reads m content;
  the_cell address absent := match_one {| scale := 2; matched := [(address, map twice (snd holding))];
    among := [twice (fst holding)]; but := [twice incomplete; beaten]; by_rank := Some (twice clock); bound := latest_first;
    unless := Some absent |};
  cell_value := content |}.

(* Cells in place: the slot that is not masked. *)
Definition cell_of (words : list (list form * list form)) (place : nat) (absent : option form) : builder attention :=
  match_one {| scale := 1; matched := words; among := [place_flag place]; but := [masked]; by_rank := None; bound := 1;
    unless := absent |}.
Definition cell_view : view := {|
  the_counter := m <- cell_of [(index_signs, index_signs)] 8 None;; counter_at m;
  the_register name := m <- cell_of [(index_signs, index_signs); (name, register_signs)] 7 None;; reads m token_word;
  the_cell address absent := cell_of [(address, index_signs)] 6 (Some absent);
  cell_value := token_word |}.

(* A token's code: flags of the first eight kinds; the constant 1 is left out. *)
Definition code_of (flags : list form) (word name : list form) : list form :=
  flags ++ repeat zero (kinds - length flags) ++ [zero] ++ signed word (total (firstn 5 flags)) ++ name.

(* Masked diffusion: at every position the code of the token that belongs there. *)
Definition log_outputs (is_ready : form) (out : outcome) : builder (list form) :=
  at_counter <- both_flags fold (place_flag 7) is_ready;; at_target <- both_flags fold target_place is_ready;;
  at_value <- both_flags fold (place_flag 9) is_ready;;
  status <- every (gated_flag fold at_counter) (at_status (counter_out out));;
  st <- gated_flag fold at_target (stores out);; wr <- gated_flag fold at_target (writes_name out);;
  store <- gated_by fold [at_target; stores out] (address_out out);;
  body <- chosen fold w [(at_counter, at_word (counter_out out)); (at_value, result_out out)];;
  name <- gated_signs fold [at_target; writes_name out] (combine (name_out out) (bounds_out out));;
  give (code_of (total [bit status 0; st; at_value] :: tl status ++
      [wr; combined [(1, at_target); (-1, st); (-1, wr)] 0; negated is_ready])
    (sums w [body; store]) name).
Definition masked_step : builder (list form) :=
  incomplete <- find_incomplete;; is_ready <- find_ready;; content <- contents;; beaten <- find_beaten;; holding <- holdings;;
  let v := view_of_log incomplete (bit beaten 0) content holding in
  c <- the_counter v;; out <- execute v c;; log_outputs is_ready out.

(* Any-process generation: at every position a token's code and three control bits: remask, insert, delete. *)
Definition memory_cell : form := place_flag 6.
Definition register_cell : form := place_flag 7.
Definition counter_cell : form := place_flag 8.
(* A memory cell finds its writer: the lowest processor that stores to its address. *)
Definition find_writer (out : outcome) : builder attention :=
  match_one {| scale := 2; matched := [(index_signs, map twice (signed (address_out out) (negated sink)))];
    among := [twice counter_cell; twice (stores out)]; but := [twice masked]; by_rank := Some urgency; bound := 2 ^ Z.of_nat w;
    unless := Some (negated memory_cell) |}.
Definition write_to (out : outcome) : builder (list form * form) :=
  if nothing (stores out) then give (none, zero) else
  m <- find_writer out;; incoming <- reads m (result_out out);; written <- found sink m;; give (incoming, written).
(* A register is written by its own processor, if that writes a register of its name; a counter while it runs. *)
Definition distance (name : list form) : form :=
  combined (map (fun j => (2 ^ Z.of_nat j, combined [(1, bit name j); (-1, bit register_signs j)] 0)) (seq 0 3)) 0.
Definition cell_outputs (c : counter) (out : outcome) (incoming : list form) (written : form) : builder (list form) :=
  named <- plain_rows 1 [[distance (name_out out)]] (Gates.equals_rows 0);;
  (* masked exclusive or written; of the three ways at most one holds *)
  remask <- bit_rows fold 1 [[masked]; [written]; [register_cell]; [bit named 0]; [writes_name out]; [counter_cell]; [running c]]
    [Slots.remask_row 0 [[1]; [2; 3; 4]; [5; 6]]]%nat;;
  status <- every (gated_flag fold counter_cell) (at_status (counter_out out));;
  body <- chosen fold w [(counter_cell, at_word (counter_out out)); (register_cell, result_out out)];;
  give (code_of (total [bit status 0; memory_cell; register_cell] :: tl status) (sums w [body; incoming]) (repeat zero 3) ++
    [bit remask 0; zero; zero]).
Definition cell_step : builder (list form) :=
  c <- the_counter cell_view;; out <- execute cell_view c;;
  m <- write_to out;; cell_outputs c out (fst m) (snd m).

Definition code_width : nat := fields + w + (if log then 2 * clock_bits w + 1 else 4).
End Step.

Definition writing_for (w : nat) (log ext : bool) (code : option (list instruction)) : Follows.writing :=
  let m := if log then masked_step w log ext code else cell_step w log ext code in
  let (results, nodes) := m (Pos.of_succ_nat (code_width w log ext)) in
  writing_of (Pos.of_succ_nat (code_width w log ext)) results nodes.
Definition definition_for (w : nat) (log ext : bool) (code : option (list instruction)) : definition :=
  Follows.expanded (writing_for w log ext code).
(* The universal machine's. *)
Definition step_writing (w : nat) (log ext : bool) : Follows.writing := writing_for w log ext None.
Definition step_definition (w : nat) (log ext : bool) : definition := definition_for w log ext None.
