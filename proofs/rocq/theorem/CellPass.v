(* One pass of any-process generation is one step, if at every position the transformer's answer is right: a masked slot of a
  cell
   that is written is given the new token, and the remask bit is masked xor written. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Composition Scalars Matching Positions Reached CellReads.
Import ListNotations.
Open Scope Z_scope.

(* What a step writes to the cell of a place: None where it leaves it as it is. *)
Definition written (w : nat) (p : program) (c : configuration) (q : place) : option token :=
  match q with
  | PMemory a _ => option_map word (stored a (effects w p c))
  | PRegister pid r _ =>
      match writes (effect_of w p c pid) with Some (ToRegister n v) => if n =? r then Some (word v) else None | _ => None end
  | PCounter pid _ =>
      if runs (self c pid) then Some (Word (after (effect_of w p c pid)) (next (effect_of w p c pid))) else None
  | _ => None
  end.
Definition is_written (w : nat) (p : program) (c : configuration) (q : place) : bool :=
  match written w p c q with Some _ => true | None => false end.

(* The answer at a position: the token that is read out, if one is decided, and the control bits. *)
Definition right (w : nat) (p : program) (c : configuration) (j : position) (answer : option token * control) : Prop :=
  let '(read, k) := answer in
  insert k = false /\ delete k = false /\ remask k = xorb (masked j) (is_written w p c (snd j)) /\ read <> Some Mask /\
  (masked j = true -> forall t, written w p c (snd j) = Some t -> read = Some t).
(* What the transformer answers at every position. *)
Definition answers (w : nat) (ext : bool) (m : plan) (places : list vector) (x : list token) : list (option token * control) :=
  map (fun output => (reading w ext (firstn (token_code_width w ext) output), controls w ext output)) (outputs w ext m places
    x).

Lemma held_step : forall w p c M P q, sized M P c -> cell_place M P q ->
  held (step w p c) q = match written w p c q with Some t => t | None => held c q end.
Proof.
  intros w p c M P q S H. destruct q as [| |f i|a|k t i|a s|i r s|i s]; try destruct H; cbn [held written].
  - rewrite (memory_step w p c M P S) by (split; assumption). destruct (stored a (effects w p c)); reflexivity.
  - rewrite (register_step w p c M P S) by assumption. destruct (writes (effect_of w p c i)) as [[n v|b v]|]; try reflexivity.
    destruct (n =? r); reflexivity.
  - destruct (counter_step w p c M P S i (conj H H0)) as [-> ->]. destruct (runs (self c i)) eqn:R; [reflexivity|].
    rewrite (effect_stopped w p c i R). reflexivity.
Qed.

(* A cell that is written is masked in the slot that held its token, and has the new one in the other. *)
Definition token_after (w : nat) (p : program) (c : configuration) (j : position) : token :=
  match written w p c (snd j) with Some t => if masked j then t else Mask | None => fst j end.

Lemma emitted : forall w p c l ys, Forall2 (right w p c) l ys -> let asked := combine (map fst l) ys in
  forallb (fun '(t, (read, k)) => allowed t read k) asked = true /\
  g (map (fun '(t, (read, k)) => (t, match read with Some y => y | None => Bos end, k)) asked) = map (token_after w p c) l.
Proof.
  intros w p c l ys H. cbn zeta. induction H as [|[t q] [read k] l ys R _ [IA IG]]; [split; reflexivity|].
  cbn [map fst combine forallb]. unfold g in *. cbn [flat_map]. rewrite IA, IG.
  unfold right, is_written, masked in R. cbn [fst snd] in R. destruct R as (I & D & K & N & Y). unfold emit. rewrite I, D.
  cbn [andb app].
  unfold token_after at 2, masked. cbn [fst snd]. rewrite K. unfold allowed. rewrite D, K.
  destruct (written w p c q) as [u|]; destruct (is_mask t) eqn:Mt; cbn [xorb negb orb andb].
  - rewrite (Y eq_refl u eq_refl) in N |- *. split; [|reflexivity]. rewrite andb_true_r.
    destruct u; (reflexivity || congruence).
  - split; [|reflexivity]. rewrite andb_true_r. destruct read as [[]|]; (reflexivity || congruence).
  - split; [|f_equal; destruct t; (reflexivity || discriminate)].
    rewrite andb_true_r. destruct read as [[]|]; (reflexivity || congruence).
  - split; [|reflexivity]. rewrite andb_true_r. destruct read as [[]|]; (reflexivity || congruence).
Qed.

Lemma generate_answers : forall w ext m places x, generate w ext m places x =
  let asked := combine x (answers w ext m places x) in
  if forallb (fun '(t, (read, k)) => allowed t read k) asked
  then Some (g (map (fun '(t, (read, k)) => (t, match read with Some y => y | None => Bos end, k)) asked)) else None.
Proof.
  intros w ext m places x. unfold generate, answers. cbn zeta. generalize (outputs w ext m places x). intros os.
  assert (E : combine x (map (fun output => (reading w ext (firstn (token_code_width w ext) output), controls w ext output))
    os) =
    map (fun '(t, output) => (t, (reading w ext (firstn (token_code_width w ext) output), controls w ext output))) (combine x
      os)).
  { revert os. induction x as [|t x IH]; intros [|o os]; try reflexivity. cbn. f_equal. apply IH. }
  rewrite E. set (l := combine x os). clearbody l. rewrite !map_map.
  assert (A : forallb (fun '(t, read, c) => allowed t read c)
    (map (fun '(t, output) => (t, reading w ext (firstn (token_code_width w ext) output), controls w ext output)) l) =
    forallb (fun '(t, (read, k)) => allowed t read k)
    (map (fun '(t, output) => (t, (reading w ext (firstn (token_code_width w ext) output), controls w ext output))) l)).
  { induction l as [|[t o] l IH]; [reflexivity|]. cbn [map forallb]. rewrite IH. reflexivity. }
  rewrite A. clear A E. match goal with |- (if ?b then _ else _) = _ => destruct b end; [|reflexivity]. f_equal. f_equal.
  apply map_ext. intros [t o]. reflexivity.
Qed.

Lemma generate_right : forall w ext p c m places l x, map fst l = x ->
  Forall2 (right w p c) l (answers w ext m places x) -> generate w ext m places x = Some (map (token_after w p c) l).
Proof.
  intros w ext p c m places l x <- H. rewrite generate_answers. cbn zeta. destruct (emitted w p c l _ H) as [A G].
  rewrite A, G. reflexivity.
Qed.

Section Pass.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (second : list bool).
Let M := length (initial p).
Let P := processors p.
Let l := cell_sites w p c second.
Hypothesis V : valid w ext p = true.
Hypothesis S : sized M P c.
Hypothesis F : length second = (M + 9 * P)%nat.

(* Which slots hold the values after the step. *)
Definition third : list bool :=
  map (fun '(f, s) => xorb s (is_written w p c (f 0))) (combine (cell_names M P) second).

Lemma third_length : length third = (M + 9 * P)%nat.
Proof. unfold third. rewrite map_length, combine_length, names_length, F. apply Nat.min_id. Qed.

Lemma written_slot : forall f s, In f (cell_names M P) -> written w p c (f s) = written w p c (f 0).
Proof.
  intros f s H. unfold cell_names in H. rewrite !in_app_iff, !in_map_iff, in_flat_map in H.
  destruct H as [(a & <- & A)|[(pid & B & H)|(pid & <- & B)]]; [reflexivity| |reflexivity].
  apply in_map_iff in H as (r & <- & R). reflexivity.
Qed.

Lemma sites_tokens : map fst l = cell_tokens w p c second.
Proof.
  unfold l, cell_sites. apply first_of_pairs. rewrite cell_places_length, cell_length; [reflexivity|exact S|exact F].
Qed.

Lemma prompt_token_after : forall j, prompt_site w p j -> token_after w p c j = fst j.
Proof. intros j H. destruct H; reflexivity. Qed.

Lemma tokens_after : map (token_after w p c) l = cell_tokens w p (step w p c) third.
Proof.
  unfold l. rewrite (sites_split w p c second S F), map_app. unfold cell_tokens. f_equal.
  - rewrite (map_ext_in _ fst) by (intros j J; apply prompt_token_after, in_prompt, J). apply first_of_pairs.
    rewrite prompt_length, prompt_places_length. reflexivity.
  - assert (S' : sized M P (step w p c)) by (apply step_sized; exact S). rewrite (cells_held M P _ S').
    unfold third. fold M P. pose proof (fun f (I : In f (cell_names M P)) s => names_places M P f s I) as N.
    pose proof (fun f (I : In f (cell_names M P)) s => written_slot f s I) as Wr.
    assert (Lf : length second = length (cell_names M P)) by (rewrite names_length; exact F). revert N Wr Lf. clear - S.
    generalize second. induction (cell_names M P) as [|f fs IH]; intros [|s ss] N Wr L; try discriminate; [reflexivity|].
    injection L as L. cbn [map combine flat_map]. rewrite map_app. f_equal.
    + unfold is_written. rewrite (held_step w p c M P (f 0) S (N f (or_introl eq_refl) 0)).
      unfold token_after. destruct s; cbn [pair map fst snd]; rewrite (Wr f (or_introl eq_refl) 1);
        destruct (held_unmasked M P c (f 0) (N f (or_introl eq_refl) 0)) as [U _]; unfold masked; cbn [fst];
        destruct (written w p c (f 0)) as [t|]; cbn [xorb is_mask]; rewrite ?U; reflexivity.
    + apply IH; [| |exact L]; intros h H; [apply N|apply Wr]; right; exact H.
Qed.

Lemma pairs_injective : forall a b u v, length a = length u -> length b = length v ->
  (forall t, In t a -> is_mask t = false) -> (forall t, In t b -> is_mask t = false) ->
  flat_map (fun '(t, s) => if s : bool then [Mask; t] else [t; Mask]) (combine a u) =
  flat_map (fun '(t, s) => if s : bool then [Mask; t] else [t; Mask]) (combine b v) -> a = b /\ u = v.
Proof.
  induction a as [|t a IH]; intros [|r b] [|s u] [|z v] La Lb A B E; try discriminate; [split; reflexivity| | |];
    try (cbn in E; destruct s; discriminate); try (cbn in E; destruct z; discriminate).
  injection La as La. injection Lb as Lb. pose proof (A t (or_introl eq_refl)) as At.
  pose proof (B r (or_introl eq_refl)) as Br.
  assert (X : t = r /\ s = z /\ flat_map (fun '(t, s) => if s : bool then [Mask; t] else [t; Mask]) (combine a u) =
    flat_map (fun '(t, s) => if s : bool then [Mask; t] else [t; Mask]) (combine b v)).
  { cbn [combine flat_map] in E. destruct s, z; cbn [app] in E; injection E; intros; subst;
      try discriminate; repeat split; assumption. }
  destruct X as (-> & -> & X). destruct (IH b u v La Lb) as [-> ->]; trivial; [| |split; reflexivity];
    intros k K; [apply A|apply B]; right; exact K.
Qed.

(* Nothing changes exactly if no processor runs. *)
Lemma tokens_after_same : cell_tokens w p (step w p c) third = cell_tokens w p c second <-> stopped c = true.
Proof.
  assert (S' : sized M P (step w p c)) by (apply step_sized; exact S). rewrite (stopped_self c M P S). split.
  - intros E pid B. unfold cell_tokens in E. apply app_inv_head in E. apply pairs_injective in E as [_ E].
    2: { rewrite third_length, (cells_length M P _ S'). reflexivity. }
    2: { rewrite F, (cells_length M P _ S). reflexivity. }
    2, 3: apply cells_unmasked.
    assert (I : In (PCounter pid) (cell_names M P)).
    { unfold cell_names. apply in_or_app. right. apply in_or_app. right. apply in_map, in_numbers. exact B. }
    assert (X : forall f, In f (cell_names M P) -> is_written w p c (f 0) = false).
    { unfold third in E. assert (Lf : length second = length (cell_names M P)) by (rewrite names_length; exact F).
      revert E Lf. clear. generalize second. induction (cell_names M P) as [|h fs IH]; intros [|s ss] E L f H; try discriminate;
        [destruct H|]. injection L as L. cbn [combine map] in E. injection E as E1 E2. destruct H as [<-|H].
      - destruct s, (is_written w p c (h 0)); (reflexivity || discriminate).
      - exact (IH ss E2 L f H). }
    specialize (X _ I). unfold is_written in X. cbn [written] in X. destruct (runs (self c pid)); [discriminate|reflexivity].
  - intros Stop. assert (Quiet : forall q, cell_place M P q -> written w p c q = None).
    { intros q H. destruct q as [| |f i|a|k t i|a s|i r s|i s]; try destruct H; cbn [written].
      - replace (stored a (effects w p c)) with (@None Z); [reflexivity|]. symmetry. apply stored_none. intros e v I.
        rewrite effects_of, (count _ _ _ S) in I. apply in_map_iff in I as (pid & <- & I). apply in_numbers in I.
        rewrite (effect_stopped w p c pid (Stop pid I)). discriminate.
      - rewrite (effect_stopped w p c i (Stop i H)). reflexivity.
      - rewrite (Stop i (conj H H0)). reflexivity. }
    unfold cell_tokens. f_equal. rewrite (cells_held M P _ S), (cells_held M P _ S'). unfold third. fold M P.
    pose proof (fun f (I : In f (cell_names M P)) => Quiet _ (names_places M P f 0 I)) as Q.
    pose proof (fun f (I : In f (cell_names M P)) => held_step w p c M P _ S (names_places M P f 0 I)) as H.
    assert (Lf : length second = length (cell_names M P)) by (rewrite names_length; exact F). revert Q H Lf. clear.
    generalize second. induction (cell_names M P) as [|f fs IH]; intros [|s ss] Q H L; try discriminate; [reflexivity|].
    injection L as L. cbn [map combine flat_map]. f_equal.
    + rewrite (H f (or_introl eq_refl)). unfold is_written. rewrite (Q f (or_introl eq_refl)), xorb_false_r. reflexivity.
    + apply IH; [| |exact L]; intros k K; [apply Q|apply H]; right; exact K.
Qed.

Theorem pass_right : forall m places, Forall2 (right w p c) l (answers w ext m places (cell_tokens w p c second)) ->
  generate w ext m places (cell_tokens w p c second) = Some (cell_tokens w p (step w p c) third).
Proof.
  intros m places H. rewrite (generate_right w ext p c m places l _ sites_tokens H), tokens_after. reflexivity.
Qed.
End Pass.

(* One pass is one step, if all answers are right on the sequences of the configurations that programs reach. *)
Theorem cells_pass : forall w ext m,
  (forall p t second, valid w ext p = true -> length second = (length (initial p) + 9 * processors p)%nat ->
    let places := map (cell_code w) (cell_places (length (instructions p)) (length (initial p)) (processors p)) in
    let c := reached w p t in
    Forall2 (right w p c) (cell_sites w p c second) (answers w ext m places (cell_tokens w p c second))) ->
  pass_apmdm w ext m.
Proof.
  intros w ext m H p t second V cells places x F. pose proof (reached_sized w p t) as S.
  exists (third w p (reached w p t) second). split; [apply third_length; exact F|].
  split; [exact (pass_right w ext p (reached w p t) second S F m places (H p t second V F))|].
  exact (tokens_after_same w p (reached w p t) second S F).
Qed.
