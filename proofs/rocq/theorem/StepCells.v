(* The step in place: what its view reads, in forms, at every position of the cells of a configuration, with the program or
   without. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepArithmetic
  StepExecute
  StepEffect StepMatch StepCodes StepReads StepFetch StepSelect StepView.
From Efasp Require Sequences Positions Reached Matching CellReads.
Import ListNotations.
Open Scope Z_scope.

Section Cells.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (second : list bool).
Hypothesis V : valid w ext p = true.
Hypothesis S : Sequences.sized (length (initial p)) (processors p) c.
Hypothesis F : length second = (length (initial p) + 9 * processors p)%nat.
Hypothesis W : Reached.worded w c.
Variable l : list position.
Hypothesis of_cells : Positions.positions_of (CellReads.cell_sites w p c second) l.

(* The kinds of places. *)
Lemma field_small : forall i k t, nth_error (instruction_tokens i) k = Some t -> (k < 4)%nat.
Proof. intros i k t H. assert (X : (k < length (instruction_tokens i))%nat) by (apply nth_error_Some; congruence). exact X. Qed.

Lemma cell_kinds : forall j, In j l ->
  (forall n, (n < 4)%nat -> (Z.of_nat (2 + n) =? place_kind j) = Positions.at_field (Z.of_nat n) j) /\
  (1 =? place_kind j) = Positions.at_count j /\ (6 =? place_kind j) = CellReads.at_memory j /\
  (7 =? place_kind j) = CellReads.at_register j /\ (8 =? place_kind j) = CellReads.at_counter j.
Proof.
  intros j J. destruct (CellReads.site_of w p c second S F l of_cells j J) as [j H|q H|q H].
  - destruct H as [| |n i k t _ H].
    + repeat split; intros n N; unfold place_kind, Positions.at_field; cbn [snd Positions.bos place_row]; apply Z.eqb_neq; lia.
    + repeat split; intros n N; unfold place_kind, Positions.at_field; cbn [snd place_row]; apply Z.eqb_neq; lia.
    + apply field_small in H. unfold place_kind, Positions.at_field, Positions.at_count, CellReads.at_memory,
        CellReads.at_register, CellReads.at_counter. cbn [snd place_row].
      split; [intros m M; apply eq_true_iff_eq; rewrite !Z.eqb_eq; lia|]. repeat split; apply Z.eqb_neq; lia.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; repeat split;
      intros; unfold place_kind, Positions.at_field; cbn [snd place_row]; apply Z.eqb_neq; lia.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; repeat split;
      intros; unfold place_kind, Positions.at_field; cbn [snd place_row]; apply Z.eqb_neq; lia.
Qed.

Lemma cell_index : forall j i, In j l -> index_of j = Some i -> is_word w i = true.
Proof.
  intros j i J E. destruct (CellReads.site_of w p c second S F l of_cells j J) as [j H|q H|q H].
  - destruct H as [| |n o k t N H]; try discriminate. injection E as <-. exact (Positions.index_word w ext p V n o N).
  - change (index_of (CellReads.held c q, q)) with (index_of (Nothing, q)) in E. exact (CellReads.index_fits w ext p V q H i E).
  - change (index_of (Mask, q)) with (index_of (Nothing, q)) in E. exact (CellReads.index_fits w ext p V q H i E).
Qed.

Variables (first : nat) (ns : list written) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Hypothesis shown : forall j, In j l -> shows w false ext (f j) j.

Let L : Positions.prompted w p l := CellReads.cells_prompted w p c second S F l of_cells.
Let kinds : prompt_kinds l.
Proof. intros j J. destruct (cell_kinds j J) as (A & B & _). split; assumption. Qed.

Lemma indexed_right : forall j, In j l -> flag (indexed w false ext) (present (index_of j)) (f j).
Proof.
  intros j J. unfold indexed.
  eapply worth_is; [apply (total_worth _ (map (fun i => Z.b2z (Z.of_nat i =? place_kind j)) [2; 3; 4; 5; 6; 7; 8]%nat))|].
  - assert (H : forall i, (i < 9)%nat -> worth (place_flag w ext i) (f j) (Z.b2z (Z.of_nat i =? place_kind j))).
    { intros i I. exact (place_flag_worth w false ext (f j) j (shown j J) i I). }
    repeat (constructor; [apply H; lia|]). constructor.
  - destruct (CellReads.site_of w p c second S F l of_cells j J) as [j H|q H|q H].
    + destruct H as [| |n i k t _ H]; try reflexivity. apply field_small in H. unfold place_kind. cbn [snd place_row].
      destruct k as [|[|[|[|k]]]]; try lia; reflexivity.
    + destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; reflexivity.
    + destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; reflexivity.
Qed.

(* A match of cells: what it reads is what the match selects. *)
Notation reads_token := (reads_token l f).
Definition pairs_with (here : position) (u : list form * list form) (d : Matching.comparison position) : Prop :=
  word_worth 1 (f here) (fst u) (Matching.bits d) (Matching.wanted d) /\
  length (snd u) = Matching.bits d /\ forall j, In j l -> word_worth 1 (f j) (snd u) (Matching.bits d) (Matching.offered d j).

Lemma sound_cell_of : forall words n absent (at_ : position -> bool), (n < 9)%nat ->
  (forall j, In j l -> (Z.of_nat n =? place_kind j) = at_ j) ->
  sound (cell_of w false ext words n absent) (fun a => forall here cs ref t, In here l -> Forall2 (pairs_with here) words cs ->
    match absent, ref with Some g, Some b => flag g b (f here) | None, None => True | _, _ => False end ->
    Matching.selects {| Matching.compared := cs; Matching.among := [at_]; Matching.exclude := [Positions.masked];
      Matching.rank := fun _ => 0; Matching.capacity := 1; Matching.refused := ref; Matching.sink := Positions.is_bos |} l
      (fun j => fst j = t) -> reads_token a here t).
Proof.
  intros words n absent at_ N K. unfold cell_of.
  apply (sound_more _ _ _ _ _ _ (sound_match first ns l f w false ext _)). intros a A here cs ref t I P Ab Sel.
  apply (A _ here _) in Sel; [exact Sel| |exact I| |].
  - apply Build_describes; [cbn; lia|split; reflexivity|reflexivity| | |reflexivity|reflexivity].
    + cbn. destruct absent, ref; try destruct Ab; split; intros E; (reflexivity || discriminate).
    + cbn [matched Matching.compared]. clear - P. induction P as [|u d us ds [[Lu _] [Lv _]] _ IH]; constructor; [|exact IH].
      split; assumption.
  - split; cbn [matched unless Matching.compared Matching.refused].
    + exact (one_worth w false ext (f here) here (shown here I)).
    + clear - P. induction P as [|u d us ds [Wu _] _ IH]; constructor; [exact Wu|exact IH].
    + destruct absent, ref; exact Ab.
  - intros j J. split; cbn [matched scale among but by_rank Matching.compared Matching.among Matching.exclude Matching.rank
      Matching.sink].
    + exact (sink_worth w false ext (f j) j (shown j J)).
    + clear - P J. induction P as [|u d us ds [_ [_ Wv]] _ IH]; constructor; [exact (Wv j J)|exact IH].
    + constructor; [|constructor]. rewrite Z.mul_1_l, <- (K j J).
      exact (place_flag_worth w false ext (f j) j (shown j J) n N).
    + constructor; [|constructor]. rewrite Z.mul_1_l. exact (masked_worth w false ext (f j) j (shown j J)).
    + reflexivity.
Qed.

Lemma index_pair : forall j, In j l -> word_worth 1 (f j) (index_signs w false ext) w (index_of j).
Proof. intros j J. exact (index_words l f w false ext shown j J). Qed.

Lemma index_length : length (index_signs w false ext) = w.
Proof. unfold index_signs. rewrite map_length. apply seq_length. Qed.

Lemma register_pair : forall j, In j l -> word_worth 1 (f j) (register_signs w false ext) 3 (register_of j).
Proof.
  intros j J. split; [reflexivity|]. intros i I. rewrite Z.mul_1_l.
  exact (register_sign_worth w false ext (f j) j (shown j J) eq_refl i I).
Qed.

(* The token of the own counter. *)
Definition own_token (j : position) : token := CellReads.counter_seen p c (index_of j).

Lemma held_word : forall q, 0 <= word_value (CellReads.held c q) < size w.
Proof.
  pose proof (Reached.size_positive w) as Z0. assert (In_ : forall (l : list Z) i, (forall v, In v l -> is_word w v = true) ->
    0 <= nth i l 0 < size w).
  { intros vs i H. destruct (nth_in_or_default i vs 0) as [I|E]; [apply (Reached.is_word_range w); exact (H _ I)|rewrite E;
      lia]. }
  assert (Self : forall pid, In (Reached.self c pid) (processors_of c) \/ Reached.self c pid = Reached.idle).
  { intros pid. destruct (nth_in_or_default (Z.to_nat pid) (processors_of c) Reached.idle) as [I|E]; [left; exact I|right;
      exact E]. }
  intros q. destruct q as [| |g i|a|k t i|a s|i r s|i s]; cbn [CellReads.held word_value Statement.word]; try lia.
  - apply In_. exact (Reached.w_memory _ _ W).
  - unfold Reached.in_register. destruct (Self i) as [I|E]; [apply In_; intros v; apply (Reached.w_registers _ _ W _ v I)|].
    rewrite E. destruct (Z.to_nat r); cbn; lia.
  - destruct (Self i) as [I|E]; [apply (Reached.is_word_range w), (Reached.w_pc _ _ W _ I)|rewrite E; cbn; lia].
Qed.

Lemma counter_seen_word : forall pid, 0 <= word_value (CellReads.counter_seen p c pid) < size w /\
  (status_in (CellReads.counter_seen p c pid) = None -> word_value (CellReads.counter_seen p c pid) = 0).
Proof.
  intros pid. pose proof (Reached.size_positive w) as Z0. unfold CellReads.counter_seen.
  destruct pid as [i|]; [|split; [cbn; lia|reflexivity]]. destruct (i <? _); [|split; [cbn; lia|reflexivity]].
  split; [exact (held_word (PCounter i 0))|discriminate].
Qed.

Theorem sound_own_counter : sound (the_counter (cell_view w false ext)) (fun r => forall here, In here l ->
  counter_as w r (word_value (own_token here)) (status_in (own_token here)) (f here)).
Proof.
  cbn [the_counter cell_view].
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_cell_of [(index_signs w false ext, index_signs w false ext)] 8 None
    CellReads.at_counter
    ltac:(lia) (fun j J => proj2 (proj2 (proj2 (proj2 (cell_kinds j J))))))). intros a A. unfold counter_at.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_word first ns l f model w false ext shown a)). intros word_ Wd.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_status first ns l f model w false ext shown a)). intros status_ St_.
  apply sound_give. intros here I. assert (R : reads_token a here (own_token here)).
  { apply (A here [{| Matching.bits := w; Matching.wanted := index_of here; Matching.offered := index_of |}] None);
      [exact I| |exact Logic.I|].
    - constructor; [|constructor]. split; [exact (index_pair here I)|split; [exact index_length|exact index_pair]].
    - apply (CellReads.cell_reads w ext p c second V S F l of_cells (index_of here) None None false);
        [|discriminate|discriminate].
      intros i E. exact (cell_index here i I E). }
  split; cbn [at_word at_status].
  - apply (Wd here _ I R). apply counter_seen_word.
  - exact (St_ here _ I R).
Qed.

(* The word in the own register of a name. *)
Definition own_word (j : position) (r : option Z) : Z := word_value (CellReads.register_seen p c (index_of j) r).

Theorem sound_own_register : forall nm, sound (the_register (cell_view w false ext) nm) (fun gs => forall here r, In here l ->
  name nm r (f here) -> (forall n, r = Some n -> 0 <= n < 8) -> word w gs (own_word here r) (f here)).
Proof.
  intros nm. cbn [the_register cell_view].
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_cell_of [(index_signs w false ext, index_signs w false ext);
    (nm, register_signs w false ext)]
    7 None CellReads.at_register ltac:(lia) (fun j J => proj1 (proj2 (proj2 (proj2 (cell_kinds j J))))))). intros a A.
  apply (sound_more _ _ _ _ _ _ (sound_read_word first ns l f model w false ext shown a)). intros gs G here r I N R.
  apply (G here _ I).
  - apply (A here [{| Matching.bits := w; Matching.wanted := index_of here; Matching.offered := index_of |};
      {| Matching.bits := 3; Matching.wanted := r; Matching.offered := register_of |}] None); [exact I| |exact Logic.I|].
    + constructor; [split; [exact (index_pair here I)|split; [exact index_length|exact index_pair]]|].
      constructor; [|constructor].
      split; [exact (name_signs_as nm r (f here) N)|split; [reflexivity|exact register_pair]].
    + apply (CellReads.cell_reads w ext p c second V S F l of_cells (index_of here) r None false); [|exact R|discriminate].
      intros i E. exact (cell_index here i I E).
  - pose proof (Reached.size_positive w) as Z0. unfold CellReads.register_seen. destruct (index_of here) as [i|]; [|cbn; lia].
    destruct r as [r|]; [|cbn; lia]. destruct (i <? _); [|cbn; lia]. exact (held_word (PRegister i r 0)).
Qed.

(* A word of memory. *)
Definition found_word (ad : Z) (b : bool) : option Z :=
  match CellReads.word_seen p c (Some ad) b with Bos => None | t => Some (word_value t) end.

Theorem sound_own_cell : forall address absent, sound (the_cell (cell_view w false ext) address absent) (fun a =>
  sound (reads a (cell_value (cell_view w false ext))) (fun gs => forall here ad b, In here l ->
    signs_as w address (Some ad) (f here) -> 0 <= ad < size w -> flag absent (negb b) (f here) ->
    word w gs (match found_word ad b with Some u => u | None => 0 end) (f here)) /\
  sound (found sink a) (fun g => forall here ad b, In here l -> signs_as w address (Some ad) (f here) ->
    0 <= ad < size w -> flag absent (negb b) (f here) ->
    flag g (match found_word ad b with Some _ => true | None => false end) (f here))).
Proof.
  intros address absent. cbn [the_cell cell_value cell_view].
  apply (sound_more _ _ _ _ _ _ (sound_cell_of [(address, index_signs w false ext)]
    6 (Some absent) CellReads.at_memory ltac:(lia) (fun j J => proj1 (proj2 (proj2 (cell_kinds j J)))))). intros a A.
  assert (R : forall here ad b, In here l -> signs_as w address (Some ad) (f here) -> 0 <= ad < size w ->
    flag absent (negb b) (f here) -> reads_token a here (CellReads.word_seen p c (Some ad) b)).
  { intros here ad b I Sg B Ab.
    apply (A here [{| Matching.bits := w; Matching.wanted := Some ad; Matching.offered := index_of |}] (Some (negb b)));
      [exact I| |exact Ab|].
    - constructor; [|constructor]. split; [exact Sg|split; [exact index_length|exact index_pair]].
    - apply (CellReads.cell_reads w ext p c second V S F l of_cells None None (Some ad) b); [discriminate|discriminate|].
      intros k E. injection E as <-. apply (Reached.is_word_range w). exact B. }
  pose proof (Reached.size_positive w) as Z0.
  assert (Cases : forall ad b, CellReads.word_seen p c (Some ad) b = Bos \/
    CellReads.word_seen p c (Some ad) b = CellReads.held c (PMemory ad 0)).
  { intros ad b. unfold CellReads.word_seen. destruct (b && _); [right|left]; reflexivity. }
  split.
  - apply (sound_more _ _ _ _ _ _ (sound_read_word first ns l f model w false ext shown a)). intros gs G here ad b I Sg B Ab.
    specialize (G here _ I (R here ad b I Sg B Ab)). unfold found_word.
    destruct (Cases ad b) as [E|E]; rewrite E in *; [apply G; cbn; lia|]. apply G. exact (held_word (PMemory ad 0)).
  - apply (sound_more _ _ _ _ _ _ (sound_found first ns l f model w false ext shown a)). intros g G here ad b I Sg B Ab.
    specialize (G here _ I (R here ad b I Sg B Ab)). unfold found_word. destruct (Cases ad b) as [E|E]; rewrite E in *; exact G.
Qed.

(* One step in place, at every position. *)
Definition own_index (j : position) : Z := match index_of j with Some i => i | None => 0 end.

Variable code : option (list instruction).
Hypothesis program_found : finds w p code l.

Theorem sound_cell_execute : forall k, sound (execute w false ext code (cell_view w false ext) k) (fun out => forall here, In here l
  ->
  counter_as w k (word_value (own_token here)) (status_in (own_token here)) (f here) ->
  let t := own_token here in let r := own_word here in let m := found_word in let o := now_operation p t in
  outcome_as w out (next_value w o (now_a p t r) (now_x w p t r) (now_word t) (now_valid w p t r m))
    (next_status o (now_valid w p t r m) (now_status t)) (now_address w p t r)
    (result_value w o (now_a p t r) (now_d p t r) (now_x w p t r) (now_loaded w p t r m) (own_index here) (now_valid w p t r m))
    (stores_value o (now_valid w p t r m)) (names_value o (now_valid w p t r m)) (name_in (now_fetched p t 1)) (f here)).
Proof.
  intros k.
  apply (sound_more _ _ _ _ _ _ (sound_execute first ns l f model w false ext code p shown V L kinds program_found (cell_view w false ext)
    (fun j => In j l) own_word (fun _ => found_word) (fun j J => J) (fun j _ => ltac:(unfold own_word, CellReads.register_seen;
      destruct (index_of j); reflexivity)) sound_own_register sound_own_cell (fun _ ad _ => eq_refl) k)).
  intros out Out here I C. apply (Out here (own_token here) (own_index here) I C).
  - apply counter_seen_word.
  - apply (index_word_right l f w false ext shown here I).
    + intros i E. apply (Reached.is_word_range w). exact (cell_index here i I E).
    + exact (indexed_right here I).
Qed.
End Cells.
