(* The statement: transformers run PRAM programs, as masked diffusion models and by any-process generation.

   Definitions only, over lists, Z and Q of the standard library, and everything computes: build/pram-kernel is the extraction.
   Parts: 1 the PRAM, 2 tokens, 3 places, 4 the transformer, 5 generation, 6 sequences for programs and configurations, and
   back, 7 the propositions. A word width w is a nat; ext says whether the machine has extension M. *)
From Coq Require Import List Bool ZArith QArith Qreduction.
Import ListNotations.
Open Scope Z_scope.

Definition numbers (n : nat) : list Z := map Z.of_nat (seq 0 n). (* 0, ..., n - 1 *)
Definition numbered {A} (l : list A) : list (Z * A) := combine (numbers (length l)) l.
Fixpoint chunks {A} (count size : nat) (l : list A) : list (list A) :=
  match count with O => [] | S rest => firstn size l :: chunks rest size (skipn size l) end.
Fixpoint all {A} (l : list (option A)) : option (list A) :=
  match l with [] => Some [] | Some a :: rest => option_map (cons a) (all rest) | None :: _ => None end.

(* 1. The PRAM. Words of w bits, arithmetic modulo 2^w, unsigned comparisons; processors 0, ..., P - 1 with eight registers
   each; a shared memory of M words. All processors run the same program. The last three operations are extension M. *)
Definition size (w : nat) : Z := 2 ^ Z.of_nat w.
Inductive operation :=
  Halt | Mov | Add | Sub | And | Or | Xor | Shl | Shr | Slt | Seq | Ld | St | Jmp | Jz | Jnz | Pid | Nproc | Mul | Shlx | Shrx.
Inductive operand := Absent | Register (r : Z) | Immediate (v : Z).
(* rd, ra, x of the assembly; of a store rd is the register that is stored, and [imm] is an address whose ra is absent. *)
Record instruction := { op : operation; rd : operand; ra : operand; rx : operand }.
Record program := { instructions : list instruction; processors : nat; initial : list Z (* the memory, M words *) }.
(* Which operands an operation has. *)
Definition is_word (w : nat) (v : Z) : bool := (0 <=? v) && (v <? size w).
Definition register (o : operand) : bool := match o with Register r => (0 <=? r) && (r <? 8) | _ => false end.
Definition immediate (w : nat) (o : operand) : bool := match o with Immediate v => is_word w v | _ => false end.
Definition absent (o : operand) : bool := match o with Absent => true | _ => false end.
Definition well_formed (w : nat) (ext : bool) (i : instruction) : bool :=
  let value := register (rx i) || immediate w (rx i) in
  match op i with
  | Halt => absent (rd i) && absent (ra i) && absent (rx i)
  | Mov => register (rd i) && absent (ra i) && value
  | Add | Sub | And | Or | Xor | Slt | Seq => register (rd i) && register (ra i) && value
  | Mul | Shlx | Shrx => ext && register (rd i) && register (ra i) && value
  | Shl | Shr => register (rd i) && register (ra i) && absent (rx i)
  | Ld | St => register (rd i) && (absent (ra i) || register (ra i)) && immediate w (rx i)
  | Jmp => absent (rd i) && absent (ra i) && immediate w (rx i)
  | Jz | Jnz => absent (rd i) && register (ra i) && immediate w (rx i)
  | Pid | Nproc => register (rd i) && absent (ra i) && absent (rx i)
  end.
(* Valid: w >= 5, and P - 1, M - 1, L - 1 are words. *)
Definition valid (w : nat) (ext : bool) (p : program) : bool :=
  let fits n := (1 <=? n)%nat && (Z.of_nat n <=? size w) in
  (5 <=? w)%nat && fits (processors p) && fits (length (initial p)) && fits (length (instructions p)) &&
  forallb (is_word w) (initial p) && forallb (well_formed w ext) (instructions p).

(* A processor runs, has halted, or has stopped at a fault of a load, of a store or of the program counter. *)
Inductive status := Running | Halted | LoadFault | StoreFault | CounterFault.
Record processor := { registers : list Z; pc : Z; state : status }.
Record configuration := { memory : list Z; processors_of : list processor }.
Definition runs (p : processor) : bool := match state p with Running => true | _ => false end.
Definition stopped (c : configuration) : bool := forallb (fun p => negb (runs p)) (processors_of c).
(* What a processor does in a step: its program counter and status after it, and at most one write. *)
Inductive write := ToRegister (r v : Z) | ToMemory (a v : Z).
Record effect := { next : Z; after : status; writes : option write }.
(* The result of a computing operation on the words a and x. *)
Definition alu (w : nat) (o : operation) (a x : Z) : option Z :=
  match o with
  | Mov => Some x
  | Add => Some ((a + x) mod size w) | Sub => Some ((a - x) mod size w) | Mul => Some (a * x mod size w)
  | And => Some (Z.land a x) | Or => Some (Z.lor a x) | Xor => Some (Z.lxor a x)
  | Slt => Some (if a <? x then 1 else 0) | Seq => Some (if a =? x then 1 else 0)
  | Shl => Some (2 * a mod size w) | Shr => Some (a / 2)
  | Shlx => Some (if x <? Z.of_nat w then a * 2 ^ x mod size w else 0)
  | Shrx => Some (if x <? Z.of_nat w then a / 2 ^ x else 0)
  | _ => None
  end.
(* The effect of processor pid in configuration c. A processor that has stopped does nothing. One that faults stops with its
   program counter where it is, and what it would have written has no effect. *)
Definition act (w : nat) (p : program) (c : configuration) (pid : Z) (self : processor) : effect :=
  let stop s := {| next := pc self; after := s; writes := None |} in
  let go n write := {| next := n; after := Running; writes := write |} in
  let following := (pc self + 1) mod size w in
  if negb (runs self) then stop (state self)
  else if Z.of_nat (length (instructions p)) <=? pc self then stop CounterFault
  else
    let i := nth (Z.to_nat (pc self)) (instructions p) {| op := Halt; rd := Absent; ra := Absent; rx := Absent |} in
    let read o := match o with Absent => 0 | Register r => nth (Z.to_nat r) (registers self) 0 | Immediate v => v end in
    let a := read (ra i) in
    let x := read (rx i) in
    let set v := go following match rd i with Register r => Some (ToRegister r v) | _ => None end in
    let address := (a + x) mod size w in
    let outside := Z.of_nat (length (memory c)) <=? address in
    match op i with
    | Halt => stop Halted
    | Ld => if outside then stop LoadFault else set (nth (Z.to_nat address) (memory c) 0)
    | St => if outside then stop StoreFault else go following (Some (ToMemory address (read (rd i))))
    | Jmp => go x None
    | Jz => go (if a =? 0 then x else following) None
    | Jnz => go (if a =? 0 then following else x) None
    | Pid => set pid
    | Nproc => set (Z.of_nat (processors p) mod size w)
    | o => match alu w o a x with Some v => set v | None => stop Halted (* never: every other operation computes *) end
    end.

(* Priority CRCW: of the processors that store to one address in a step the lowest wins. Effects are in order of processors. *)
Fixpoint stored (a : Z) (es : list effect) : option Z :=
  match es with
  | {| writes := Some (ToMemory b v) |} :: rest => if a =? b then Some v else stored a rest
  | _ :: rest => stored a rest | [] => None
  end.
Definition apply_effect (p : processor) (e : effect) : processor :=
  let set r v := map (fun '(q, u) => if q =? r then v else u) (numbered (registers p)) in
  {| registers := match writes e with Some (ToRegister r v) => set r v | _ => registers p end;
     pc := next e; state := after e |}.
Definition apply (c : configuration) (es : list effect) : configuration :=
  {| memory := map (fun '(a, v) => match stored a es with Some u => u | None => v end) (numbered (memory c));
     processors_of := map (fun '(p, e) => apply_effect p e) (combine (processors_of c) es) |}.
(* A step is synchronous: every processor acts on the configuration before it, then all writes take effect together. *)
Definition effects (w : nat) (p : program) (c : configuration) : list effect :=
  map (fun '(pid, self) => act w p c pid self) (numbered (processors_of c)).
Definition step (w : nat) (p : program) (c : configuration) : configuration := apply c (effects w p c).
Definition start (count : nat) (memory : list Z) : configuration :=
  {| memory := memory; processors_of := repeat {| registers := repeat 0 8; pc := 0; state := Running |} count |}.
Definition reached (w : nat) (p : program) (t : nat) : configuration :=
  Nat.iter t (step w p) (start (processors p) (initial p)).
Definition trace (w : nat) (p : program) (t : nat) : list configuration := map (reached w p) (seq 0 (S t)).
(* The faults of a trace, in order of steps (from 1), then processors; pc_at is of the instruction that faulted. *)
Record fault := { who : Z; when : Z; pc_at : Z; reason : status }.
Definition fault_of (when pid : Z) (before after : processor) : list fault :=
  match runs before, state after with
  | true, (LoadFault | StoreFault | CounterFault) => [{| who := pid; when := when; pc_at := pc after; reason := state after |}]
  | _, _ => []
  end.
Definition faults (configurations : list configuration) : list fault :=
  flat_map (fun '(t, (before, after)) => flat_map (fun '(pid, (p, q)) => fault_of (t + 1) pid p q)
    (numbered (combine (processors_of before) (processors_of after)))) (numbered (combine configurations (tl configurations))).

(* 2. Tokens: words; words with the mark of a stopped processor, whose program counter they are; register names; none; the mask
   M; bos; one token an operation. TE, the token embedding, is a matrix times the token's code: one-hot kind, 1, signed bits. *)
Inductive token := Word (mark : status) (v : Z) | Name (r : Z) | Nothing | Mask | Bos | Op (o : operation).
Definition word (v : Z) : token := Word Running v.
Definition is_mask (t : token) : bool := match t with Mask => true | _ => false end.
Definition operations (ext : bool) : list operation :=
  [Halt; Mov; Add; Sub; And; Or; Xor; Shl; Shr; Slt; Seq; Ld; St; Jmp; Jz; Jnz; Pid; Nproc] ++
  (if ext then [Mul; Shlx; Shrx] else []).
Definition op_number (o : operation) : Z :=
  match o with
  | Halt => 0 | Mov => 1 | Add => 2 | Sub => 3 | And => 4 | Or => 5 | Xor => 6 | Shl => 7 | Shr => 8 | Slt => 9 | Seq => 10
  | Ld => 11 | St => 12 | Jmp => 13 | Jz => 14 | Jnz => 15 | Pid => 16 | Nproc => 17 | Mul => 18 | Shlx => 19 | Shrx => 20
  end.
Definition mark_number (s : status) : Z :=
  match s with Running => 0 | Halted => 1 | LoadFault => 2 | StoreFault => 3 | CounterFault => 4 end.
Definition kind (t : token) : Z :=
  match t with Word s _ => mark_number s | Name _ => 5 | Nothing => 6 | Mask => 7 | Bos => 8 | Op o => 9 + op_number o end.
(* Ids: words by mark, then register names, none, M, bos, operations. The vocabulary is in order of ids. *)
Definition token_id (w : nat) (t : token) : Z :=
  match t with
  | Word s v => mark_number s * size w + v
  | Name r => 5 * size w + r
  | _ => 5 * size w + 8 + (kind t - 6)
  end.
Definition vocabulary (w : nat) (ext : bool) : list token :=
  flat_map (fun mark => map (Word mark) (numbers (Z.to_nat (size w)))) [Running; Halted; LoadFault; StoreFault; CounterFault] ++
  map Name (numbers 8) ++ [Nothing; Mask; Bos] ++ map Op (operations ext).
Definition vector : Type := list Q.
Definition one_hot (count : nat) (n : Z) : vector := map (fun k => if k =? n then 1%Q else 0%Q) (numbers count).
Definition signs (bits : nat) (v : option Z) : vector := (* -1 or 1 a bit, the lowest first; 0 where there is no number *)
  match v with Some n => map (fun b => if Z.testbit n b then 1%Q else (-1)%Q) (numbers bits) | None => repeat 0%Q bits end.
Definition token_code_width (w : nat) (ext : bool) : nat := 9 + length (operations ext) + 1 + w + 3.
Definition token_code (w : nat) (ext : bool) (t : token) : vector :=
  one_hot (9 + length (operations ext)) (kind t) ++ [1%Q] ++
  signs w match t with Word _ v => Some v | _ => None end ++ signs 3 match t with Name r => Some r | _ => None end.

(* 3. Places: what stands at a position of a sequence. PE(i), the position embedding, is a matrix times the code of place i. *)
Inductive place :=
  | PBos | PCount | PField (field index : Z)                  (* both layouts: bos, P, the four tokens of an instruction *)
  | PInitial (address : Z) | PLog (part time pid : Z)         (* log: initial memory, the three tokens of a processor's step *)
  | PMemory (address slot : Z) | PRegister (pid register slot : Z) | PCounter (pid slot : Z). (* cells, two slots each *)
Definition clock_bits (w : nat) : nat := Nat.max 16 (w + 1).
Definition latest (w : nat) : Z := 2 ^ Z.of_nat (clock_bits w) - 1. (* the last time that a place can hold *)
(* Number of the kind; then index (of an instruction, an address, or a processor), time, register and slot. *)
Definition place_row (p : place) : Z * option Z * option Z * option Z * option Z :=
  match p with
  | PBos => (0, None, None, None, None) | PCount => (1, None, None, None, None)
  | PField f i => (2 + f, Some i, None, None, None)
  | PInitial a => (6, Some a, None, None, None) | PLog k t pid => (7 + k, Some pid, Some t, None, None)
  | PMemory a s => (6, Some a, None, None, Some s) | PRegister pid r s => (7, Some pid, None, Some r, Some s)
  | PCounter pid s => (8, Some pid, None, None, Some s)
  end.
(* Of a time the log's code has the bits, the bits of the time before (of -1, all are set), and the number itself. *)
Definition log_code (w : nat) (p : place) : vector :=
  let '(k, index, time, _, _) := place_row p in
  one_hot 10 k ++ [1%Q] ++ signs w index ++ signs (clock_bits w) time ++ signs (clock_bits w) (option_map Z.pred time) ++
  [match time with Some t => inject_Z t | None => 0%Q end].
Definition cell_code (w : nat) (p : place) : vector :=
  let '(k, index, _, register, slot) := place_row p in
  one_hot 9 k ++ [1%Q] ++ signs w index ++ signs 3 register ++ signs 1 slot.

(* 4. The transformer: h_i = TE(x_i) + PE(i); layers of multi-head average-hard attention and of a feed-forward block
   W2 relu(W1 h + b1), each added to the residual stream; no normalisation; an affine read-out. Over Q, without rounding (Qred
   writes a rational in lowest terms and changes no value). A matrix is the list of its rows; entries that are not written, at
   the end of a row or of a vector, are 0. Heads and feed-forward blocks may be of any size in each layer, or not there. *)
Definition matrix : Type := list (list Q).
Record head := { wq : matrix; wk : matrix; wv : matrix; wo : matrix }.
Record layer := { heads : list head; up : matrix; bias : vector; down : matrix }.
Record plan := { token_matrix : matrix; place_matrix : matrix; layers : list layer; out_matrix : matrix; out_bias : vector }.

Fixpoint dot (a b : vector) : Q :=
  match a, b with
  | Qmake 0 _ :: a', _ :: b' => dot a' b' (* a zero adds nothing *)
  | c :: a', v :: b' => Qred (c * v + dot a' b')
  | _, _ => 0%Q
  end.
Fixpoint plus (a b : vector) : vector :=
  match a, b with [], _ => b | _, [] => a | u :: a', v :: b' => Qred (u + v) :: plus a' b' end.
Definition times (m : matrix) (x : vector) : vector := map (fun row => dot row x) m.
Definition relu (x : vector) : vector := map (fun v => if Qle_bool 0 v then v else 0%Q) x.
Definition both (a b : list vector) : list vector := map (fun '(u, v) => plus u v) (combine a b).
Definition greatest (l : list Q) : Q := fold_right (fun a b => if Qle_bool a b then b else a) (hd 0%Q l) l.
Definition mean (vectors : list vector) : vector :=
  map (fun total => Qred (total / inject_Z (Z.of_nat (length vectors)))) (fold_right plus [] vectors).
(* Average-hard attention: at every position the uniform mean of the values over all positions with the maximal score <q, k>. *)
Definition attend (a : head) (hs : list vector) : list vector :=
  let keys := map (times (wk a)) hs in
  let values := map (times (wv a)) hs in
  map (fun h =>
    let query := times (wq a) h in
    let scores := map (dot query) keys in
    let top := greatest scores in
    times (wo a) (mean (map snd (filter (fun '(score, _) => Qeq_bool score top) (combine scores values))))) hs.
Definition feed (l : layer) (h : vector) : vector := plus h (times (down l) (relu (plus (times (up l) h) (bias l)))).
Definition through (hs : list vector) (l : layer) : list vector :=
  map (feed l) (fold_left both (map (fun a => attend a hs) (heads l)) hs).
Definition forward (m : plan) (tokens places : list vector) : list vector :=
  let embedded := both (map (times (token_matrix m)) tokens) (map (times (place_matrix m)) places) in
  map (fun h => plus (times (out_matrix m) h) (out_bias m)) (fold_left through (layers m) embedded).

(* 5. Generation. A sequence is a list of tokens; the transformer is given their codes, and those of the places at positions 0,
   1, ..., numbered anew in every pass. Nothing else enters. *)
Section Generation.
Variables (w : nat) (ext : bool) (m : plan) (places : list vector).
Definition outputs (x : list token) : list vector := forward m (map (token_code w ext) x) places.
(* argmax over the vocabulary of <output, code>, decided: the token that leads every other one by 1 or more, None where there is
   none. The sampler's logits are these scores times w + 8. For a token y other than M that leads so, the confidence, softmax's
   probability of y among all tokens but M, is above 0.96 (lemma process.confidence): it reaches the threshold of 0.9. A
   position whose decided token is M is not ready, whatever its confidence. Where nothing is decided, a sampler might do either,
   so the propositions below require of every masked position that it is decided. *)
Definition reading (output : vector) : option token :=
  let scores := map (fun y => (y, dot (token_code w ext y) output)) (vocabulary w ext) in
  let top := greatest (map snd scores) in
  match filter (fun '(_, score) => negb (Qle_bool score (top - 1))) scores with [(y, _)] => Some y | _ => None end.
(* Masked diffusion. A masked position is ready if another token than M is due there. A pass unmasks those of the ready
   positions that are chosen; everything else stays. *)
Definition readings (x : list token) : list (option token) := map reading (outputs x).
Definition decided (x : list token) : bool :=
  forallb (fun '(t, read) => match t, read with Mask, None => false | _, _ => true end) (combine x (readings x)).
Definition due (t : token) (read : option token) : token := match t, read with Mask, Some y => y | _, _ => t end.
Definition unmask (chosen : list bool) (x : list token) : list token :=
  map (fun '(t, read, c) => if c : bool then due t read else t) (combine (combine x (readings x)) chosen).
Definition unmask_all (x : list token) : list token := unmask (map (fun _ => true) x) x.
(* k passes, in any order: each unmasks some set of ready positions that is not empty. *)
Inductive diffuses : nat -> list token -> list token -> Prop :=
  | no_pass : forall x, diffuses 0 x x
  | one_more : forall k x y chosen, diffuses k x y -> length chosen = length y -> unmask chosen y <> y ->
      diffuses (S k) x (unmask chosen y).
(* Any-process generation: Algorithm 1 of the paper, g(x, y, c), from left to right. *)
Record control := { remask : bool; insert : bool; delete : bool }. (* c[1], c[2], c[3] *)
Definition emit (x y : token) (c : control) : list token :=
  if delete c && is_mask x then []
  else (if remask c then Mask else if is_mask x then y else x) :: (if insert c then [Mask] else []).
Definition g (positions : list (token * token * control)) : list token := flat_map (fun '(x, y, c) => emit x y c) positions.
(* A control bit is set if its output, one of three after the token's code, is above 1/2. *)
Definition controls (output : vector) : control :=
  let bit n := negb (Qle_bool (nth n (skipn (token_code_width w ext) output) 0%Q) (1 # 2)) in
  {| remask := bit 0%nat; insert := bit 1%nat; delete := bit 2%nat |}.
(* y is never M; and it is decided wherever g looks at it. Elsewhere it may be any token, and bos stands for it. *)
Definition allowed (x : token) (read : option token) (c : control) : bool :=
  match read with Some y => negb (is_mask y) | None => negb (is_mask x) || delete c || remask c end.
Definition generate (x : list token) : option (list token) :=
  let answers := map (fun '(t, output) => (t, reading (firstn (token_code_width w ext) output), controls output))
    (combine x (outputs x)) in
  if forallb (fun '(t, read, c) => allowed t read c) answers
  then Some (g (map (fun '(t, read, c) => (t, match read with Some y => y | None => Bos end, c)) answers)) else None.
Fixpoint generated (passes : nat) (x : list token) : option (list token) :=
  match passes with O => Some x | S k => match generated k x with Some y => generate y | None => None end end.
End Generation.

(* 6. Sequences. Both layouts begin with bos, P and the program, four tokens an instruction. *)
Definition operand_token (o : operand) : token :=
  match o with Absent => Nothing | Register r => Name r | Immediate v => word v end.
Definition instruction_tokens (i : instruction) : list token := Op (op i) :: map operand_token [rd i; ra i; rx i].
Definition prompt (w : nat) (p : program) : list token :=
  [Bos; word (Z.of_nat (processors p) mod size w)] ++ flat_map instruction_tokens (instructions p).
Definition prompt_places (L : nat) : list place :=
  [PBos; PCount] ++ flat_map (fun i => map (fun f => PField f i) (numbers 4)) (numbers L).
(* The log: then the initial memory, and for every time 0, ..., T and every processor its program counter and status after that
   step, what it writes (a register's name, an address, or none), and the value. At time 0 nothing has happened. The sequence
   for T steps after the first t of them: the tokens of later times are masked. *)
Definition effect_tokens (e : effect) : list token :=
  Word (after e) (next e) ::
  match writes e with
  | Some (ToRegister r v) => [Name r; word v] | Some (ToMemory a v) => [word a; word v] | None => [Nothing; word 0]
  end.
Definition log_tokens (w : nat) (p : program) (T t : nat) : list token :=
  let resting := {| next := 0; after := Running; writes := None |} in
  prompt w p ++ map word (initial p) ++ flat_map effect_tokens (repeat resting (processors p)) ++
  flat_map (fun s => flat_map effect_tokens (effects w p (reached w p s))) (seq 0 t) ++
  repeat Mask (3 * processors p * (T - t)).
Definition log_places (L M P T : nat) : list place :=
  prompt_places L ++ map PInitial (numbers M) ++
  flat_map (fun t => flat_map (fun pid => map (fun k => PLog k t pid) (numbers 3)) (numbers P)) (numbers (S T)).
(* Cells: then two slots for every word of memory, register and program counter; one holds the value, the other M. *)
Definition cells (c : configuration) : list token :=
  map word (memory c) ++ flat_map (fun p => map word (registers p)) (processors_of c) ++
  map (fun p => Word (state p) (pc p)) (processors_of c).
Definition cell_tokens (w : nat) (p : program) (c : configuration) (second : list bool) : list token :=
  prompt w p ++ flat_map (fun '(t, s) => if s : bool then [Mask; t] else [t; Mask]) (combine (cells c) second).
Definition cell_places (L M P : nat) : list place :=
  prompt_places L ++ flat_map (fun a => map (PMemory a) (numbers 2)) (numbers M) ++
  flat_map (fun pid => flat_map (fun r => map (PRegister pid r) (numbers 2)) (numbers 8)) (numbers P) ++
  flat_map (fun pid => map (PCounter pid) (numbers 2)) (numbers P).

(* Back: None where the tokens are those of no sequence. *)
Definition read_word (t : token) : option Z := match t with Word Running v => Some v | _ => None end.
Definition read_counter (t : token) : option (Z * status) := match t with Word s n => Some (n, s) | _ => None end.
Definition read_operand (t : token) : option operand :=
  match t with Nothing => Some Absent | Name r => Some (Register r) | Word Running v => Some (Immediate v) | _ => None end.
Definition read_instruction (w : nat) (ext : bool) (l : list token) : option instruction :=
  let checked i := if well_formed w ext i then Some i else None in
  match l, all (map read_operand (tl l)) with
  | Op o :: _, Some [d; a; x] => checked {| op := o; rd := d; ra := a; rx := x |} | _, _ => None
  end.
Definition read_prompt (w : nat) (ext : bool) (L P : nat) (x : list token) : option (list instruction) :=
  match x with
  | Bos :: Word Running n :: rest =>
      if n =? Z.of_nat P mod size w then all (map (read_instruction w ext) (chunks L 4 rest)) else None | _ => None
  end.
Definition read_effect (M : nat) (l : list token) : option effect :=
  let found n s write := Some {| next := n; after := s; writes := write |} in
  match l with
  | [Word s n; Nothing; Word Running 0] => found n s None
  | [Word s n; Name r; Word Running v] => found n s (Some (ToRegister r v))
  | [Word s n; Word Running a; Word Running v] => if a <? Z.of_nat M then found n s (Some (ToMemory a v)) else None
  | _ => None
  end.
Fixpoint complete (blocks : list (list token)) : list (list token) :=
  match blocks with b :: rest => if existsb is_mask b then [] else b :: complete rest | [] => [] end.
Fixpoint replay (c : configuration) (log : list (list effect)) : list configuration :=
  c :: match log with [] => [] | es :: rest => replay (apply c es) rest end.
(* The instructions, and the configurations of times 0, 1, ..., up to the last before the first block that has a mask. *)
Definition read_log (w : nat) (ext : bool) (L M P T : nat) (x : list token) : option (list instruction * list configuration) :=
  let rest := skipn (2 + 4 * L) x in
  let blocks := complete (chunks (S T) (3 * P) (skipn M rest)) in
  let rests e := match e with {| next := 0; after := Running; writes := None |} => true | _ => false end in
  match read_prompt w ext L P x, all (map read_word (firstn M rest)),
    all (map (fun b => all (map (read_effect M) (chunks P 3 b))) blocks) with
  | Some is, Some words, Some (first :: log) => if forallb rests first then Some (is, replay (start P words) log) else None
  | _, _, _ => None
  end.
Definition read_cell (pair : list token) : option token :=
  match pair with [Mask; Mask] => None | [Mask; t] | [t; Mask] => Some t | _ => None end.
Definition read_cells (w : nat) (ext : bool) (L M P : nat) (x : list token) : option (list instruction * configuration) :=
  match read_prompt w ext L P x, all (map read_cell (chunks (M + 9 * P) 2 (skipn (2 + 4 * L) x))) with
  | Some is, Some ts =>
      match all (map read_word (firstn M ts)), all (map (fun b => all (map read_word b)) (chunks P 8 (skipn M ts))),
        all (map read_counter (skipn (M + 8 * P) ts)) with
      | Some words, Some banks, Some counters =>
          let processor '(rs, (n, s)) := {| registers := rs; pc := n; state := s |} in
          Some (is, {| memory := words; processors_of := map processor (combine banks counters) |})
      | _, _, _ => None
      end
  | _, _ => None
  end.

(* 7. The propositions: of a plan m, for every valid program, with P processors, M words of memory and L instructions.

   Masked diffusion, for every number T of steps that the places can hold. If every pass unmasks all that is ready, then after t
   passes the sequence, [log] t, is that of t steps, and is read as the PRAM's trace. In any order, after k passes, every mask is
   decided, and for some t the sequence is read as the trace of t steps and holds, besides, tokens of the next step only; t <= k
   < 3 P (t + 1); and something is ready unless t = T, when no mask is left. [holds] x t: x is read as the trace of t steps. *)
Definition runs_log (w : nat) (ext : bool) (m : plan) (P T context : nat) (places : list vector)
    (log : nat -> list token) (holds : list token -> nat -> Prop) : Prop :=
  length (log O) = context /\ length places = context /\
  (forall t, (t <= T)%nat -> Nat.iter t (unmask_all w ext m places) (log O) = log t /\ holds (log t) t) /\
  (forall k x, diffuses w ext m places k (log O) x -> length x = context /\ decided w ext m places x = true /\
    exists t, (t <= T)%nat /\ (t <= k < 3 * P * (t + 1))%nat /\ holds x t /\
      (forall i, nth_error x i = nth_error (log t) i \/ nth_error x i = nth_error (log (Nat.min (S t) T)) i) /\
      ((t < T)%nat -> unmask_all w ext m places x <> x)).

(* The context has 2 + 4 L + M + 3 P (T + 1) tokens. *)
Definition runs_pram_mdm (w : nat) (ext : bool) (m : plan) : Prop :=
  forall (p : program) (T : nat), valid w ext p = true -> Z.of_nat T <= latest w ->
  let L := length (instructions p) in let M := length (initial p) in let P := processors p in
  let context := (2 + 4 * L + M + 3 * P * (T + 1))%nat in
  let places := map (log_code w) (log_places L M P T) in
  let log := log_tokens w p T in
  let holds x t := read_log w ext L M P T x = Some (instructions p, trace w p t) in
  runs_log w ext m P T context places log holds.

(* Any-process generation: for every t, after t passes the sequence is that of the configuration after t steps, [cells] of it,
   and is read as it; and a pass changes nothing if and only if all processors have stopped. [holds] x c: x is read as c. *)
Definition runs_cells (w : nat) (ext : bool) (m : plan) (p : program) (context : nat) (places : list vector)
    (cells : configuration -> list bool -> list token) (holds : list token -> configuration -> Prop) : Prop :=
  let opening := cells (start (processors p) (initial p)) (repeat false (length (initial p) + 9 * processors p)) in
  length places = context /\
  forall t, exists x second, generated w ext m places t opening = Some x /\ length x = context /\
    x = cells (reached w p t) second /\ holds x (reached w p t) /\
    (generate w ext m places x = Some x <-> stopped (reached w p t) = true).

(* The context has 2 + 4 L + 2 (M + 9 P) tokens. *)
Definition runs_pram_apmdm (w : nat) (ext : bool) (m : plan) : Prop :=
  forall p : program, valid w ext p = true ->
  let L := length (instructions p) in let M := length (initial p) in let P := processors p in
  let context := (2 + 4 * L + 2 * (M + 9 * P))%nat in
  let places := map (cell_code w) (cell_places L M P) in
  let holds x c := read_cells w ext L M P x = Some (instructions p, c) in
  runs_cells w ext m p context places (cell_tokens w p) holds.
