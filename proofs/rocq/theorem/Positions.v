(* Positions of the sequences, as pairs of a token and a place; and what every attention reads of the prompt: both layouts begin
   with it. The matches are those of [efasp.pram.views], written over tokens and places. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Scalars Matching.
Import ListNotations.
Open Scope Z_scope.

(* Lists side by side. *)
Lemma combine_app : forall A B (a b : list A) (c d : list B), length a = length c ->
  combine (a ++ b) (c ++ d) = combine a c ++ combine b d.
Proof.
  induction a as [|x a IH]; intros b [|y c] d L; try discriminate; [reflexivity|]. injection L as L. cbn. f_equal.
  apply IH. exact L.
Qed.

Lemma combine_flat : forall A B C D (f : A -> list C) (g : B -> list D) k a b, length a = length b ->
  (forall x, In x a -> length (f x) = k) -> (forall y, In y b -> length (g y) = k) ->
  combine (flat_map f a) (flat_map g b) = flat_map (fun '(x, y) => combine (f x) (g y)) (combine a b).
Proof.
  intros A B C D f g k a. induction a as [|x a IH]; intros [|y b] L F G; try discriminate; [reflexivity|].
  injection L as L. cbn [flat_map combine]. rewrite combine_app.
  - f_equal. apply IH; [exact L| |]; intros z Z; [apply F|apply G]; right; exact Z.
  - rewrite F, G by (left; reflexivity). reflexivity.
Qed.

Lemma in_numbers : forall n i, In i (numbers n) <-> 0 <= i < Z.of_nat n.
Proof.
  intros n i. unfold numbers. rewrite in_map_iff. split.
  - intros (k & <- & K). apply in_seq in K. lia.
  - intros H. exists (Z.to_nat i). split; [lia|]. apply in_seq. lia.
Qed.

Lemma numbers_next : forall n, numbers (S n) = numbers n ++ [Z.of_nat n].
Proof. intros n. unfold numbers. rewrite seq_S, map_app. reflexivity. Qed.

Lemma in_combine_numbers : forall A (l : list A) a i,
  In (a, i) (combine l (numbers (length l))) <-> 0 <= i /\ nth_error l (Z.to_nat i) = Some a.
Proof.
  intros A l a i. induction l as [|b l IH] using rev_ind.
  - cbn. split; [tauto|]. intros [_ H]. destruct (Z.to_nat i); discriminate.
  - rewrite app_length, Nat.add_comm. cbn [length Nat.add]. rewrite numbers_next, combine_app by (symmetry;
      apply numbers_length).
    rewrite in_app_iff, IH. cbn [combine In]. split.
    + intros [[P E]|[E|[]]].
      * split; [exact P|]. rewrite nth_error_app1; [exact E|]. apply nth_error_Some. congruence.
      * injection E as <- <-. split; [lia|]. rewrite Nat2Z.id, nth_error_app2, Nat.sub_diag by lia. reflexivity.
    + intros [P E]. destruct (Nat.lt_ge_cases (Z.to_nat i) (length l)) as [H|H].
      * left. rewrite nth_error_app1 in E by exact H. tauto.
      * right. left. rewrite nth_error_app2 in E by exact H. destruct (Z.to_nat i - length l)%nat as [|k] eqn:K.
        -- cbn in E. injection E as E. assert (N : Z.of_nat (length l) = i) by lia. congruence.
        -- destruct k; discriminate.
Qed.

Lemma in_numbered_at : forall A (l : list A) a i, In (i, a) (numbered l) <-> 0 <= i /\ nth_error l (Z.to_nat i) = Some a.
Proof.
  intros A l a i. rewrite <- in_combine_numbers. unfold numbered. generalize (numbers (length l)). intros ns. revert l.
  induction ns as [|n ns IH]; intros [|b l]; cbn [combine In]; try tauto. rewrite IH.
  assert (E : (n, b) = (i, a) <-> (b, n) = (a, i)) by (split; congruence). rewrite E. reflexivity.
Qed.

(* A position, and what its code says. *)
Definition position : Type := token * place.
Definition index_of (j : position) : option Z := let '(_, i, _, _, _) := place_row (snd j) in i.
Definition time_of (j : position) : option Z := let '(_, _, t, _, _) := place_row (snd j) in t.
Definition register_of (j : position) : option Z := let '(_, _, _, r, _) := place_row (snd j) in r.
Definition masked (j : position) : bool := is_mask (fst j).
Definition is_bos (j : position) : bool := match fst j with Bos => true | _ => false end.
Definition at_field (f : Z) (j : position) : bool := match snd j with PField g _ => f =? g | _ => false end.
Definition at_count (j : position) : bool := match snd j with PCount => true | _ => false end.
Definition bos : position := (Bos, PBos).
(* The lowest index is the most urgent; without an index nothing is. *)
Definition urgency (w : nat) (j : position) : Z := match index_of j with Some i => size w - 1 - i | None => 0 end.

(* The positions of the prompt. *)
Inductive prompt_site (w : nat) (p : program) : position -> Prop :=
  | site_bos : prompt_site w p bos
  | site_count : prompt_site w p (word (Z.of_nat (processors p) mod size w), PCount)
  | site_field : forall n i k t, nth_error (instructions p) n = Some i -> nth_error (instruction_tokens i) k = Some t ->
      prompt_site w p (t, PField (Z.of_nat k) (Z.of_nat n)).

Lemma in_prompt : forall w p j, In j (combine (prompt w p) (prompt_places (length (instructions p)))) <-> prompt_site w p j.
Proof.
  intros w p j. unfold prompt, prompt_places. rewrite combine_app by reflexivity.
  rewrite (combine_flat _ _ _ _ _ _ 4) by (rewrite ?numbers_length; reflexivity). rewrite in_app_iff, in_flat_map.
  assert (F : forall i n, combine (instruction_tokens i) (map (fun f => PField f n) (numbers 4)) =
    map (fun k => (nth k (instruction_tokens i) Nothing, PField (Z.of_nat k) n)) (seq 0 4)) by reflexivity.
  cbn [combine In]. split.
  - intros [[<-|[<-|[]]]|([i n] & H & I)]; [constructor|constructor|]. apply in_combine_numbers in H as [P H].
    rewrite F in I. apply in_map_iff in I as (k & <- & K). apply in_seq in K. rewrite <- (Z2Nat.id n) by exact P.
    apply (site_field w p _ i k); [exact H|]. apply nth_error_nth'. cbn. lia.
  - intros [| |n i k t H I]; [left; left; reflexivity|left; right; left; reflexivity|right]. exists (i, Z.of_nat n). split.
    + apply in_combine_numbers. rewrite Nat2Z.id. split; [lia|exact H].
    + rewrite F. apply in_map_iff. exists k. rewrite (nth_error_nth _ _ Nothing I). split; [reflexivity|].
      apply in_seq. assert (B : (k < length (instruction_tokens i))%nat) by (apply nth_error_Some; congruence). cbn in B. lia.
Qed.

(* A place of the program, which a sequence for one program lacks. *)
Definition at_program (j : position) : bool := match snd j with PField _ _ => true | _ => false end.
(* A sequence that begins with the prompt, with the program or without: no other position is bos, or has a place of the
   prompt. *)
Record prompted (w : nat) (p : program) (l : list position) : Prop := {
  p_there : forall j, prompt_site w p j -> at_program j = false -> In j l;
  p_only : forall j, In j l -> prompt_site w p j \/
    is_bos j = false /\ match snd j with PBos | PCount | PField _ _ => False | _ => True end }.

Lemma only_bos : forall w p l j, prompted w p l -> In j l -> is_bos j = true -> j = bos.
Proof.
  intros w p l j L J B. destruct (p_only _ _ _ L j J) as [H|[H _]]; [|congruence].
  destruct H as [| |n i k t _ H]; [reflexivity|discriminate|]. exfalso. destruct k as [|[|[|[|k]]]].
  - injection H as <-. discriminate.
  - injection H as <-. destruct (rd i); discriminate.
  - injection H as <-. destruct (ra i); discriminate.
  - injection H as <-. destruct (rx i); discriminate.
  - destruct k; discriminate.
Qed.

(* One that has the program. *)
Definition programmed (w : nat) (p : program) (l : list position) : Prop := forall j, prompt_site w p j -> In j l.
(* The positions of a sequence, with those of the program or without. *)
Record positions_of (full l : list position) : Prop := {
  of_full : forall j, In j l -> In j full;
  but_program : forall j, In j full -> at_program j = false -> In j l }.

Lemma all_positions : forall l, positions_of l l.
Proof. intros l. split; trivial. Qed.

Lemma prompted_without : forall w p full l, positions_of full l -> prompted w p full -> prompted w p l.
Proof.
  intros w p full l O F. split.
  - intros j H N. apply (but_program _ _ O); [|exact N]. exact (p_there _ _ _ F j H N).
  - intros j J. apply (p_only _ _ _ F). exact (of_full _ _ O j J).
Qed.

(* A match is sound if at bos there are no words and flags, and ranks are within the capacity. *)
Lemma sound_at_bos : forall w p l (m : matching position), prompted w p l ->
  (forall j, sink m j = is_bos j) -> (forall c, In c (compared m) -> (2 <= bits c)%nat /\ offered c bos = None) ->
  (forall f, In f (among m ++ exclude m) -> f bos = false) -> rank m bos = 0 ->
  (forall j, In j l -> rank m j < capacity m /\ (forallb (fun f => f j) (among m) = true -> 0 <= rank m j)) -> sound m l.
Proof.
  intros w p l m L K C F R B. assert (I : In bos l) by (apply (p_there _ _ _ L); [constructor|reflexivity]).
  assert (O : forall s, In s l -> sink m s = true -> s = bos).
  { intros s J H. rewrite K in H. exact (only_bos w p l s L J H). }
  split.
  - intros c H. apply C. exact H.
  - destruct (B bos I) as [H _]. rewrite R in H. lia.
  - exists bos. split; [exact I|rewrite K; reflexivity].
  - intros s c J H Hc. rewrite (O s J H). apply C. exact Hc.
  - intros s f J H Hf. rewrite (O s J H). apply F. exact Hf.
  - intros s J H. rewrite (O s J H). exact R.
  - intros j J. apply B. exact J.
  - intros j J H _. exact (proj2 (B j J) H).
Qed.

(* Where nothing is found, the token that is read is bos. *)
Lemma selects_bos : forall (m : matching position) l, sound m l -> (forall j, sink m j = is_bos j) ->
  (forall j, In j l -> hit m j = false) -> selects m l (fun j => fst j = Bos).
Proof.
  intros m l So K N. apply (selects_impl _ _ (fun j => sink m j = true)); [exact (selects_sink m l So N)|].
  intros [t q] _ B. rewrite K in B. destruct t; (discriminate || reflexivity).
Qed.

(* The instruction at a program counter: its token of one field. *)
Definition fetch (w : nat) (f : Z) (counter : option Z) (running : bool) : matching position :=
  {| compared := [{| bits := w; wanted := counter; offered := index_of |}]; among := [at_field f]; exclude := [];
     rank := fun _ => 0; capacity := 1; refused := Some (negb running); sink := is_bos |}.
(* P, where it is wanted. *)
Definition count_of (wish : bool) : matching position :=
  {| compared := []; among := [at_count]; exclude := []; rank := fun _ => 0; capacity := 1; refused := Some (negb wish);
     sink := is_bos |}.

Section Prompt.
Variables (w : nat) (ext : bool) (p : program) (l : list position).
Hypothesis V : valid w ext p = true.
Hypothesis L : prompted w p l.

Lemma program_fits : (2 <= w)%nat /\ Z.of_nat (processors p) <= size w /\ Z.of_nat (length (initial p)) <= size w /\
  Z.of_nat (length (instructions p)) <= size w.
Proof.
  unfold valid in V. rewrite !andb_true_iff in V. rewrite !Nat.leb_le, !Z.leb_le in V. lia.
Qed.

Lemma below_word : forall n i, 0 <= i < n -> n <= size w -> is_word w i = true.
Proof. intros n i H N. unfold is_word. rewrite andb_true_iff, Z.leb_le, Z.ltb_lt. lia. Qed.

Lemma index_word : forall n i, nth_error (instructions p) n = Some i -> is_word w (Z.of_nat n) = true.
Proof.
  intros n i H. pose proof program_fits. assert (B : (n < length (instructions p))%nat) by (apply nth_error_Some; congruence).
  apply (below_word (Z.of_nat (length (instructions p)))); lia.
Qed.

(* Processors and addresses of memory are words. *)
Lemma pid_word : forall pid, 0 <= pid < Z.of_nat (processors p) -> is_word w pid = true.
Proof. intros pid B. apply (below_word (Z.of_nat (processors p))); [exact B|]. apply program_fits. Qed.

Lemma address_fits : forall a, 0 <= a < Z.of_nat (length (initial p)) -> is_word w a = true.
Proof. intros a B. apply (below_word (Z.of_nat (length (initial p)))); [exact B|]. apply program_fits. Qed.

Lemma fetch_sound : forall f counter running, sound (fetch w f counter running) l.
Proof.
  intros f counter running. apply (sound_at_bos w p); [exact L|reflexivity| | |reflexivity|intros; cbn; lia].
  - intros c [<-|[]]. pose proof program_fits. split; [cbn; lia|reflexivity].
  - intros g [<-|[]]. reflexivity.
Qed.

(* A hit of the fetch is the field's token of the instruction that is asked for. *)
Lemma fetch_hit : forall f counter running j, In j l -> (forall v, counter = Some v -> is_word w v = true) ->
  hit (fetch w f counter running) j = true -> running = true /\
  exists n i k, counter = Some (Z.of_nat n) /\ f = Z.of_nat k /\ nth_error (instructions p) n = Some i /\
    nth_error (instruction_tokens i) k = Some (fst j).
Proof.
  intros f counter running j J W H. unfold hit in H. cbn [fetch sink compared among exclude refuses refused forallb offered
    wanted bits] in H. rewrite !andb_true_r, !andb_true_iff in H. destruct H as (((_ & A) & F) & R).
  split; [destruct running; [reflexivity|discriminate]|].
  destruct (p_only _ _ _ L j J) as [Hj|[_ Hj]].
  - destruct Hj as [| |n i k t Hn Hk]; try discriminate. cbn in F. apply Z.eqb_eq in F. exists n, i, k.
    destruct counter as [v|]; [|discriminate]. change (index_of _) with (Some (Z.of_nat n)) in A.
    rewrite agrees_word in A; [|exact (W v eq_refl)|exact (index_word n i Hn)]. apply Z.eqb_eq in A. subst v. tauto.
  - destruct j as [t q]. cbn in F, Hj. unfold at_field in F. cbn in F. destruct q; (discriminate || destruct Hj).
Qed.

Section Programmed.
Hypothesis Pr : programmed w p l.

Theorem fetch_read : forall n i k t, nth_error (instructions p) n = Some i -> nth_error (instruction_tokens i) k = Some t ->
  selects (fetch w (Z.of_nat k) (Some (Z.of_nat n)) true) l (fun j => fst j = t).
Proof.
  intros n i k t Hn Hk. apply selects_hits; [apply fetch_sound| |].
  - exists (t, PField (Z.of_nat k) (Z.of_nat n)). split; [apply Pr; exact (site_field w p n i k t Hn Hk)|].
    assert (B : is_bos (t, PField (Z.of_nat k) (Z.of_nat n)) = false).
    { destruct (is_bos _) eqn:E; [|reflexivity]. apply (only_bos w p l) in E; [discriminate|exact L|].
      apply Pr. exact (site_field w p n i k t Hn Hk). }
    unfold hit. cbn [fetch sink compared among exclude refuses refused forallb offered wanted bits]. rewrite B.
    change (index_of _) with (Some (Z.of_nat n)). rewrite agrees_word by exact (index_word n i Hn). rewrite Z.eqb_refl.
    cbn. rewrite Z.eqb_refl. reflexivity.
  - intros j J H. apply fetch_hit in H as (_ & n' & i' & k' & E & F & Hn' & Hk'); [|exact J|].
    + injection E as E. apply Nat2Z.inj in E, F. subst n' k'. congruence.
    + intros v E. injection E as <-. exact (index_word n i Hn).
Qed.

(* Nothing is fetched for a processor that has stopped, without a program counter, or after the program's end. *)
Theorem fetch_missed : forall f counter running, (forall v, counter = Some v -> is_word w v = true) ->
  running = false \/ counter = None \/ (exists v, counter = Some v /\ Z.of_nat (length (instructions p)) <= v) ->
  selects (fetch w f counter running) l (fun j => fst j = Bos).
Proof.
  intros f counter running W N. apply selects_bos; [apply fetch_sound|reflexivity|].
  intros j J. destruct (hit _ j) eqn:H; [|reflexivity]. exfalso.
  apply fetch_hit in H as (R & n & i & k & E & _ & Hn & _); [|exact J|exact W].
  assert (B : (n < length (instructions p))%nat) by (apply nth_error_Some; congruence).
  destruct N as [N|[N|(v & N & O)]]; [congruence|congruence|]. rewrite E in N. injection N as <-. lia.
Qed.

(* The two together: the token that is fetched, bos where nothing is. *)
Definition fetched (k : nat) (counter : option Z) (running : bool) : token :=
  match counter with
  | Some v => match nth_error (instructions p) (Z.to_nat v) with
      | Some i => if running then nth k (instruction_tokens i) Nothing else Bos
      | None => Bos end
  | None => Bos
  end.

Corollary fetch_reads : forall k counter running, (k < 4)%nat -> (forall v, counter = Some v -> is_word w v = true) ->
  selects (fetch w (Z.of_nat k) counter running) l (fun j => fst j = fetched k counter running).
Proof.
  intros k counter running K W. unfold fetched. destruct counter as [v|]; [|apply fetch_missed; [exact W|right; left;
    reflexivity]].
  assert (V0 : 0 <= v) by (specialize (W v eq_refl); unfold is_word in W; apply andb_prop in W as [W _]; apply Z.leb_le;
    exact W).
  destruct (nth_error (instructions p) (Z.to_nat v)) as [i|] eqn:E.
  - destruct running; [|apply fetch_missed; [exact W|left; reflexivity]]. rewrite <- (Z2Nat.id v) by exact V0.
    apply (fetch_read (Z.to_nat v) i k); [exact E|]. apply nth_error_nth'. exact K.
  - apply fetch_missed; [exact W|]. right. right. exists v. split; [reflexivity|]. apply nth_error_None in E. lia.
Qed.
End Programmed.

Theorem count_read : forall wish, selects (count_of wish) l
  (fun j => fst j = if wish then word (Z.of_nat (processors p) mod size w) else Bos).
Proof.
  assert (S : forall wish, sound (count_of wish) l).
  { intros wish. apply (sound_at_bos w p); [exact L|reflexivity|intros c []| |reflexivity|intros; cbn; lia].
    intros g [<-|[]]. reflexivity. }
  intros [|].
  - apply selects_hits; [apply S| |].
    + exists (word (Z.of_nat (processors p) mod size w), PCount). split; [apply (p_there _ _ _ L); [constructor|reflexivity]|
        reflexivity].
    + intros j J H. destruct (p_only _ _ _ L j J) as [Hj|[_ Hj]].
      { destruct Hj; [discriminate|reflexivity|destruct t; discriminate]. }
      destruct j as [t q]. destruct q; try destruct Hj; destruct t; discriminate.
  - apply selects_bos; [apply S|reflexivity|]. intros j J. unfold hit. cbn [count_of refuses refused negb]. apply andb_false_r.
Qed.
End Prompt.
