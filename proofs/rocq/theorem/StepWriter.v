(* The writer of a word of memory, in forms: what the step in place stores at every position. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepArithmetic
  StepExecute
  StepEffect StepOutput StepMatch StepCodes StepReads StepFetch StepView StepCells StepOwn.
From Efasp Require Form Sequences Positions Reached Matching CellReads CellPass.
Import ListNotations.
Open Scope Z_scope.

(* Sums with coefficients of their own. *)
Lemma combined_map : forall (a : nat -> Z) (g : nat -> form) z js e h, (forall j, In j js -> worth (g j) h (z j)) ->
  worth (combined (map (fun j => (a j, g j)) js) e) h (fold_right (fun j rest => a j * z j + rest) e js).
Proof.
  intros a g z js e h H. induction js as [|j js IH]; [apply worth_combined_nil|]. cbn [map fold_right].
  apply worth_combined; [apply H; left; reflexivity|]. apply IH. intros k K. apply H. right. exact K.
Qed.

Lemma fold_total : forall (z : nat -> Z) e n, fold_right (fun j rest => z j + rest) e (seq 0 n) = Form.total n z + e.
Proof.
  intros z e n. revert e. induction n as [|n IH]; intros e; [reflexivity|]. rewrite seq_S, fold_right_app.
  cbn [fold_right Nat.add Form.total].
  rewrite IH. ring.
Qed.

Lemma urgency_worth : forall w log ext h i (there : bool), word w (index_word w log ext) i h -> flag (indexed w log ext) there
  h ->
  worth (urgency w log ext) h (2 * (if there then size w - 1 - i else - i)).
Proof.
  intros w log ext h i there (R & _ & B) P. unfold urgency.
  eapply worth_is.
  - apply worth_combined; [exact P|].
    apply (combined_map (fun j => - 2 ^ Z.of_nat j) (fun j => bit (index_word w log ext) j)
      (fun j => 2 * Z.b2z (Z.testbit i (Z.of_nat j)))). intros j _. exact (B j).
  - rewrite (fold_total (fun j => - 2 ^ Z.of_nat j * (2 * Z.b2z (Z.testbit i (Z.of_nat j)))) 0 w).
    assert (E : Form.total w (fun j => - 2 ^ Z.of_nat j * (2 * Z.b2z (Z.testbit i (Z.of_nat j)))) = - (2) * i).
    { transitivity (- (2) * Form.val w (fun q => Z.b2z (Z.testbit i (Z.of_nat q)))); [|rewrite (val_bool w i R); reflexivity].
      unfold Form.val. rewrite <- Form.total_scale. apply Form.total_ext. intros j _. ring. }
    rewrite E. unfold size. destruct there; cbn [Z.b2z]; ring.
Qed.

Section Writer.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (second : list bool).
Hypothesis V : valid w ext p = true.
Hypothesis S : Sequences.sized (length (initial p)) (processors p) c.
Hypothesis F : length second = (length (initial p) + 9 * processors p)%nat.
Hypothesis W : Reached.worded w c.
Variable l : list position.
Hypothesis of_cells : Positions.positions_of (CellReads.cell_sites w p c second) l.
Variables (first : nat) (ns : list written) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Hypothesis shown : forall j, In j l -> shows w false ext (f j) j.
Notation own_token := (own_token p c).
Notation own_word := (own_word p c).
Notation found_word := (found_word p c).

(* What the step computes at a position. *)
Definition op_at (j : position) : option operation := now_operation p (own_token j).
Definition valid_at (j : position) : bool := now_valid w p (own_token j) (own_word j) found_word.
Definition address_at (j : position) : Z := now_address w p (own_token j) (own_word j).
Definition result_at (j : position) : Z := result_value w (op_at j) (now_a p (own_token j) (own_word j))
  (now_d p (own_token j) (own_word j)) (now_x w p (own_token j) (own_word j)) (now_loaded w p (own_token j) (own_word j)
    found_word)
  (own_index j) (valid_at j).
Definition stores_at (j : position) : bool := stores_value (op_at j) (valid_at j).
Definition names_at (j : position) : bool := names_value (op_at j) (valid_at j).
Definition name_at (j : position) : option Z := name_in (now_fetched p (own_token j) 1).
Definition next_at (j : position) : Z := next_value w (op_at j) (now_a p (own_token j) (own_word j))
  (now_x w p (own_token j) (own_word j)) (now_word (own_token j)) (valid_at j).
Definition status_at (j : position) : option status := next_status (op_at j) (valid_at j) (now_status (own_token j)).
Definition computed (out : outcome) : Prop := forall j, In j l ->
  outcome_as w out (next_at j) (status_at j) (address_at j) (result_at j) (stores_at j) (names_at j) (name_at j) (f j).

(* At the positions of a processor it is the processor's effect. *)
Lemma own_effect : forall j pid, index_of j = Some pid -> 0 <= pid < Z.of_nat (processors p) ->
  let e := Reached.effect_of w p c pid in
  own_token j = Word (state (Reached.self c pid)) (pc (Reached.self c pid)) /\
  next e = next_at j /\ Some (after e) = status_at j /\
  writes e = (if stores_at j then Some (ToMemory (address_at j) (result_at j))
    else if names_at j then match name_at j with Some r => Some (ToRegister r (result_at j)) | None => None end else None) /\
  (names_at j = true -> name_at j <> None) /\ (stores_at j = false -> names_at j = false -> result_at j = 0).
Proof.
  intros j pid E B. cbv zeta. assert (T : own_token j = Word (state (Reached.self c pid)) (pc (Reached.self c pid))).
  { unfold StepCells.own_token, CellReads.counter_seen. rewrite E. replace (pid <? _) with true by (symmetry; apply Z.ltb_lt;
      lia). reflexivity. }
  split; [exact T|]. unfold next_at, status_at, stores_at, names_at, name_at, address_at, result_at, valid_at, op_at, own_index.
  rewrite T, E. apply (effect_now w ext p c pid (Reached.self c pid) (own_word j) found_word V).
  - assert (I : In (Reached.self c pid) (processors_of c)) by (apply nth_In; rewrite (Sequences.count _ _ _ S); lia).
    apply (Reached.is_word_range w). exact (Reached.w_pc _ _ W _ I).
  - unfold StepCells.own_word, CellReads.register_seen. destruct (index_of j); reflexivity.
  - intros r R. unfold StepCells.own_word, CellReads.register_seen. rewrite E.
    replace (pid <? _) with true by (symmetry; apply Z.ltb_lt; lia). reflexivity.
  - intros a b A. unfold StepCells.found_word, CellReads.word_seen. rewrite (Sequences.words _ _ _ S).
    destruct (b && (a <? Z.of_nat (length (initial p)))); reflexivity.
Qed.

(* At bos nothing is computed. *)
Lemma bos_values : address_at Positions.bos = 0 /\ stores_at Positions.bos = false /\ result_at Positions.bos = 0.
Proof.
  assert (A : address_at Positions.bos = 0).
  { unfold address_at, now_address. change (now_a p (own_token Positions.bos) (own_word Positions.bos)) with 0.
    change (now_x w p (own_token Positions.bos) (own_word Positions.bos)) with 0. apply Z.mod_0_l.
    pose proof (Reached.size_positive w). lia. }
  split; [exact A|]. split; reflexivity.
Qed.

Definition target_at (j : position) : option Z := if Positions.is_bos j then None else Some (address_at j).

Lemma twice_words : forall fs n v h, word_worth 1 h fs n v -> word_worth 2 h (map twice fs) n v.
Proof.
  intros fs n v h (L & H). split; [rewrite map_length; exact L|]. intros i I. rewrite bit_map by lia.
  apply (worth_is _ _ _ _ (worth_scaled 2 _ _ _ (H i I))). ring.
Qed.

Lemma only_bos : forall j, In j l -> Positions.is_bos j = true -> j = Positions.bos.
Proof. intros j J B. exact (Positions.only_bos w p l j (CellReads.cells_prompted w p c second S F l of_cells) J B). Qed.

(* What is stored at the address of a memory cell. *)
Definition incoming_at (j : position) : option Z :=
  match snd j with PMemory a _ => stored a (effects w p c) | _ => None end.

(* Where no processor stores, nothing is stored. *)
Lemma nothing_stored : forall out, computed out -> nothing (stores out) = true -> forall a, stored a (effects w p c) = None.
Proof.
  intros out Out N a. destruct (stored a (effects w p c)) as [v|] eqn:E; [|reflexivity]. exfalso.
  apply Reached.stored_some in E as (n & e & I & We & _). rewrite Reached.effects_of, (Sequences.count _ _ _ S) in I.
  apply nth_error_In, in_map_iff in I as (pid & <- & B). apply Positions.in_numbers in B.
  destruct (CellReads.counter_there w p c second S F l of_cells pid B) as (s & J).
  set (j := (_, PCounter pid s)) in J. destruct (own_effect j pid eq_refl B) as (_ & _ & _ & Wr & _).
  pose proof (nothing_right _ _ _ N (store_right _ _ _ _ _ _ _ _ _ _ (Out _ J))) as Z0. rewrite We in Wr.
  destruct (stores_at _); [discriminate Z0|].
  destruct (names_at _); [|discriminate]. destruct (name_at _); discriminate.
Qed.

Theorem sound_find_writer : forall out, computed out -> sound (find_writer w false ext out) (fun a =>
  sound (reads a (result_out out)) (fun gs => forall here, In here l ->
    word w gs (match incoming_at here with Some v => v | None => 0 end) (f here)) /\
  sound (found sink a) (fun g => forall here, In here l ->
    flag g (match incoming_at here with Some _ => true | None => false end) (f here))).
Proof.
  intros out Out. unfold find_writer.
  apply (sound_more _ _ _ _ _ _ (sound_match first ns l f w false ext _)). intros a A.
  pose proof (fun j J => proj2 (proj2 (cell_kinds w p c second S F l of_cells j J))) as Kinds.
  pose proof (fun j J => indexed_right w ext p c second S F l of_cells f shown j J) as Indexed.
  assert (IndexWord : forall j, In j l -> word w (index_word w false ext) (own_index j) (f j)).
  { intros j J. apply (index_word_right l f w false ext shown j J); [|exact (Indexed j J)].
    intros i E. apply (Reached.is_word_range w). exact (cell_index w ext p c second V S F l of_cells j i J E). }
  assert (Flag : forall n, (n < 9)%nat -> forall j, In j l -> flag (place_flag w ext n) (Z.of_nat n =? place_kind j) (f j)).
  { intros n N j J. exact (place_flag_worth w false ext (f j) j (shown j J) n N). }
  assert (R : forall here P, In here l ->
    Matching.selects (CellReads.writer w (index_of here) (CellReads.at_memory here) target_at stores_at) l P ->
    reads_from l f a here P).
  { intros here P I Sel. apply (A _ here P) in Sel; [exact Sel| |exact I| |].
    - apply Build_describes; [cbn; lia|split; reflexivity|discriminate|split; discriminate| |reflexivity|reflexivity].
      constructor; [|constructor]. cbn [fst snd Matching.bits]. rewrite map_length. unfold signed. rewrite map_length.
      split; [unfold index_signs; rewrite map_length; apply seq_length|].
      apply (address_right _ _ _ _ _ _ _ _ _ _ (Out here I)).
    - split; cbn [matched unless CellReads.writer Matching.compared Matching.refused].
      + exact (one_worth w false ext (f here) here (shown here I)).
      + constructor; [|constructor]. exact (index_words l f w false ext shown here I).
      + apply negated_flag. unfold memory_cell. eapply worth_is; [exact (Flag 6%nat ltac:(lia) here I)|].
        change (Z.of_nat 6) with 6. rewrite (proj1 (Kinds here I)). reflexivity.
    - intros j J. pose proof (Out j J) as Oj.
      split; cbn [matched scale among but by_rank CellReads.writer Matching.compared Matching.among Matching.exclude
        Matching.rank Matching.sink].
      + exact (sink_worth w false ext (f j) j (shown j J)).
      + constructor; [|constructor]. cbn [snd Matching.bits Matching.offered]. apply twice_words.
        replace (target_at j) with (if negb (Positions.is_bos j) then Some (address_at j) else None) by
          (unfold target_at; destruct (Positions.is_bos j); reflexivity).
        apply (StepReads.signed_word w (address_out out) (address_at j) _ (f j) (negb (Positions.is_bos j)) (address_right _ _
          _ _ _ _ _ _ _ _ Oj)).
        * apply negated_flag. exact (sink_worth w false ext (f j) j (shown j J)).
        * intros B. apply negb_false_iff in B. rewrite (only_bos j J B). apply bos_values.
      + constructor; [|constructor; [|constructor]].
        * unfold counter_cell. apply worth_scaled. eapply worth_is; [exact (Flag 8%nat ltac:(lia) j J)|].
          change (Z.of_nat 8) with 8. rewrite (proj2 (proj2 (Kinds j J))). reflexivity.
        * apply worth_scaled. exact (store_right _ _ _ _ _ _ _ _ _ _ Oj).
      + constructor; [|constructor]. apply worth_scaled. exact (masked_worth w false ext (f j) j (shown j J)).
      + apply (worth_is _ _ _ _ (urgency_worth w false ext (f j) _ _ (IndexWord j J) (Indexed j J))).
        unfold Positions.urgency, own_index. destruct (index_of j); reflexivity. }
  assert (Storing : forall pid s, 0 <= pid < Z.of_nat (processors p) ->
    let j := (CellReads.held c (PCounter pid s), PCounter pid s) in In j l ->
    match writes (Reached.effect_of w p c pid) with
    | Some (ToMemory a _) => stores_at j = true /\ target_at j = Some a /\ is_word w a = true
    | _ => stores_at j = false end).
  { intros pid s B j J. destruct (own_effect j pid eq_refl B) as (_ & _ & _ & Wr & _). rewrite Wr.
    destruct (stores_at j) eqn:E.
    - split; [reflexivity|]. split; [reflexivity|]. apply (Reached.is_word_range w).
      apply (address_right _ _ _ _ _ _ _ _ _ _ (Out j J)).
    - destruct (names_at j); [|reflexivity]. destruct (name_at j); reflexivity. }
  destruct bos_values as (Ba & Bs & Br).
  (* What is selected has the incoming value. *)
  assert (Sel : forall here, In here l -> reads_from l f a here (fun j => match incoming_at here with
    | Some v => result_at j = v /\ Positions.is_bos j = false | None => j = Positions.bos end)).
  { intros here I. destruct (CellReads.at_memory here) eqn:M.
    - destruct here as [x q]. destruct q as [| |g i|b|k t i|ad s|i r s|i s]; try discriminate.
      assert (B : 0 <= ad < Z.of_nat (length (initial p))).
      { pose proof (CellReads.site_of w p c second S F l of_cells _ I) as Site. inversion Site; subst; [|assumption|assumption].
        inversion H. }
      apply (R _ _ I).
      pose proof (CellReads.writer_read w ext p c second V S F l of_cells target_at stores_at eq_refl Bs Storing ad B) as Wr.
      change (CellReads.at_memory _) with true. change (index_of _) with (Some ad). cbn [incoming_at snd].
      destruct (stored ad (effects w p c)) as [v|].
      + apply (Matching.selects_impl _ _ _ _ Wr). intros j J (pid & s' & Bp & -> & Wp).
        destruct (own_effect (CellReads.held c (PCounter pid s'), PCounter pid s') pid eq_refl Bp) as (_ & _ & _ & We & _).
        rewrite Wp in We. split; [|reflexivity].
        match type of We with _ = (if ?b then _ else _) => destruct b end; [injection We as _ We; symmetry; exact We|].
        match type of We with _ = (if ?b then _ else _) => destruct b end; [|discriminate].
        match type of We with _ = (match ?b with _ => _ end) => destruct b end; discriminate.
      + apply (Matching.selects_impl _ _ _ _ Wr). intros j J E. apply (only_bos j J). unfold Positions.is_bos. rewrite E.
        reflexivity.
    - assert (N : incoming_at here = None) by (destruct here as [x q]; destruct q; (reflexivity || discriminate)). rewrite N.
      apply (R here _ I). rewrite M.
      apply (Matching.selects_impl _ _ _ _ (CellReads.writer_missed w ext p c second V S F l of_cells target_at stores_at
        eq_refl Bs (index_of here))).
      intros j J E. apply (only_bos j J). unfold Positions.is_bos. rewrite E. reflexivity. }
  assert (Lr : forall j, In j l -> length (result_out out) = w) by (intros j J;
    apply (result_right _ _ _ _ _ _ _ _ _ _ (Out j J))).
  split.
  - apply (sound_more _ _ _ _ _ _ (sound_reads first ns l f model a (result_out out))). intros gs (L & G) here I.
    assert (Bound : 0 <= match incoming_at here with Some v => v | None => 0 end < size w).
    { pose proof (Reached.size_positive w). destruct (incoming_at here) as [v|] eqn:E; [|lia].
      destruct here as [x q]. destruct q as [| |g i|b|k t i|ad s|i r s|i s]; try discriminate. cbn [incoming_at snd] in E.
      apply Reached.stored_some in E as (n & e & N & We & _). rewrite Reached.effects_of, (Sequences.count _ _ _ S) in N.
      pose proof (nth_error_In _ _ N) as Ie. apply in_map_iff in Ie as (pid & <- & Ip). apply Positions.in_numbers in Ip.
      apply (Reached.is_word_range w).
      apply (Reached.e_memory _ _ _ (Reached.effect_effective w ext p c pid V S W Ip) ad v We). }
    split; [exact Bound|]. split; [rewrite L; exact (Lr here I)|]. intros i. destruct (Nat.lt_ge_cases i w) as [C|C].
    + apply (G here _ i _ I ltac:(rewrite (Lr here I); exact C) (Sel here I)). intros j J P.
      pose proof (result_right _ _ _ _ _ _ _ _ _ _ (Out j J)) as (_ & _ & Bits). apply (worth_is _ _ _ _ (Bits i)). f_equal.
      f_equal.
      destruct (incoming_at here) as [v|]; [rewrite (proj1 P); reflexivity|rewrite P, Br; reflexivity].
    + rewrite bit_high by (rewrite L, (Lr here I); exact C). rewrite (word_high w) by assumption. apply worth_zero.
  - unfold found. apply (sound_more _ _ _ _ _ _ (sound_read first ns l f model a (combined [(-1, sink)] 1))). intros g G here I.
    apply (G here _ _ I (Sel here I)). intros j J P. eapply worth_is.
    + apply worth_combined; [exact (sink_worth w false ext (f j) j (shown j J))|apply worth_combined_nil].
    + destruct (incoming_at here) as [v|]; [rewrite (proj2 P); reflexivity|rewrite P; reflexivity].
Qed.

Theorem sound_write_to : forall out, computed out -> sound (write_to w false ext out) (fun m =>
  (forall here, In here l -> word w (fst m) (match incoming_at here with Some v => v | None => 0 end) (f here)) /\
  (forall here, In here l -> flag (snd m) (match incoming_at here with Some _ => true | None => false end) (f here))).
Proof.
  intros out Out. unfold write_to. apply sound_if; intros N.
  - apply sound_give. assert (E : forall here, incoming_at here = None).
    { intros [x q]. destruct q; try reflexivity. exact (nothing_stored out Out N _). }
    split; intros here _; rewrite E; [apply none_word|apply worth_zero].
  - apply (sound_bind _ _ _ _ _ _ _ _ (sound_find_writer out Out)). intros m [Mr Mf].
    apply (sound_bind _ _ _ _ _ _ _ _ Mr). intros incoming I. apply (sound_bind _ _ _ _ _ _ _ _ Mf). intros written_ Wr.
    apply sound_give. split; assumption.
Qed.
End Writer.
