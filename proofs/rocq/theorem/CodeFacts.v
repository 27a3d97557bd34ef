(* What is known of the codes of tokens and places, whatever they are: flags are 0 or more, a 1 is 1, and a signed bit is
   between -s and s, where s is the sum of the flags of the kinds that have the number whose bit it is. *)
From Coq Require Import List Bool ZArith QArith Lqa FMapPositive Lia.
From Efasp Require Import Statement Terms TermsSound Interning Worlds WorldExists Follows PlanSound FollowsSound.
Import ListNotations.
Open Scope nat_scope.

Fixpoint facts_from (i : positive) (l : list fact) (known : facts) : facts :=
  match l with [] => known | f :: rest => facts_from (Pos.succ i) rest (Map.add i f known) end.
(* Of a codebook whose entries begin after [first] others: flags of kinds, 1, and for every field its bits and its kinds. *)
Definition book_facts (first kinds : nat) (fields : list (nat * list nat)) : list fact :=
  repeat AtLeastZero kinds ++ [One] ++
  flat_map (fun '(bits, owners) => repeat (Within (map (fun k => numbering (first + k)) owners)) bits) fields.
Definition token_facts (w : nat) (ext : bool) : list fact :=
  book_facts 0 (9 + length (operations ext)) [(w, seq 0 5); (3, [5])].
Definition log_facts (w : nat) (first : nat) : list fact :=
  book_facts first 10 [(w, seq 2 8); (clock_bits w, seq 7 3); (clock_bits w, seq 7 3)] ++ [AtLeastZero].
Definition cell_facts (w : nat) (first : nat) : list fact := book_facts first 9 [(w, seq 2 7); (3, [7]); (1, seq 6 3)].
Definition log_known (w : nat) (ext : bool) : facts :=
  facts_from 1 (token_facts w ext ++ log_facts w (token_code_width w ext)) (Map.empty _).
Definition cell_known (w : nat) (ext : bool) : facts :=
  facts_from 1 (token_facts w ext ++ cell_facts w (token_code_width w ext)) (Map.empty _).

(* A fact about an entry, which has the value x. *)
Definition true_of (code : vector) (f : fact) (x : Q) : Prop :=
  match f with
  | One => (x == 1)%Q | AtLeastZero => (0 <= x)%Q
  | Within owners => (- sum_at (code_entry code) owners <= x /\ x <= sum_at (code_entry code) owners)%Q
  end.
Lemma facts_from_found : forall l n known m f, Map.find (numbering m) (facts_from (numbering n) l known) = Some f ->
  (n <= m /\ nth_error l (m - n) = Some f) \/ Map.find (numbering m) known = Some f.
Proof.
  induction l as [|g l IH]; intros n known m f H; cbn [facts_from] in H; [right; exact H|].
  change (Pos.succ (numbering n)) with (numbering (S n)) in H. destruct (IH _ _ _ _ H) as [[L E]|E].
  - left. split; [lia|]. replace (m - n) with (S (m - S n)) by lia. exact E.
  - destruct (Nat.eq_dec n m) as [<-|N].
    + rewrite Map.gss in E. left. split; [lia|]. rewrite Nat.sub_diag. exact E.
    + right. rewrite Map.gso in E; [exact E|]. intros X. apply SuccNat2Pos.inj in X. congruence.
Qed.

Lemma forall2_at : forall A (P : A -> Q -> Prop) l xs k f, Forall2 P l xs -> nth_error l k = Some f -> P f (nth k xs 0%Q).
Proof.
  intros A P l xs k f F. revert k. induction F as [|g x l xs H F IH]; intros [|k] E; cbn in *; try discriminate.
  - injection E as <-. exact H.
  - exact (IH k E).
Qed.

Lemma facts_from_right : forall code l, Forall2 (true_of code) l code -> facts_of (facts_from 1 l (Map.empty _)) code.
Proof.
  intros code l F i f H. rewrite <- (numbering_inverse i) in H. change 1%positive with (numbering 0) in H.
  apply facts_from_found in H as [[_ H]|H]; [|rewrite Map.gempty in H; discriminate].
  rewrite Nat.sub_0_r in H. exact (forall2_at _ _ _ _ _ _ F H).
Qed.

(* Codes: flags, 1, and the signed bits of numbers that some kinds have. *)
Definition book_code (kinds : nat) (k : Z) (fields : list (nat * list nat * option Z)) : vector :=
  one_hot kinds k ++ [1%Q] ++ flat_map (fun '(bits, _, v) => signs bits v) fields.
Definition owned (kinds : nat) (k : Z) (f : nat * list nat * option Z) : Prop :=
  let '(_, owners, v) := f in
  (forall o, In o owners -> o < kinds) /\ (v <> None -> exists o, In o owners /\ Z.of_nat o = k).

Lemma one_hot_length : forall n k, length (one_hot n k) = n.
Proof. intros n k. unfold one_hot, numbers. rewrite !map_length. apply seq_length. Qed.

Lemma one_hot_at : forall n k j, j < n -> nth j (one_hot n k) 0%Q = if Z.eqb (Z.of_nat j) k then 1%Q else 0%Q.
Proof.
  intros n k j L. unfold one_hot, numbers. rewrite map_map.
  rewrite (nth_indep _ 0%Q ((fun x => if Z.eqb (Z.of_nat x) k then 1%Q else 0%Q) 0))
    by (rewrite map_length, seq_length; exact L).
  rewrite (map_nth (fun x => if Z.eqb (Z.of_nat x) k then 1%Q else 0%Q)), seq_nth by exact L. reflexivity.
Qed.

Lemma flag_entry : forall before n k more j, j < n -> code_entry (before ++ one_hot n k ++ more)
  (numbering (length before + j)) = if Z.eqb (Z.of_nat j) k then 1%Q else 0%Q.
Proof.
  intros before n k more j L. unfold code_entry, numbering. rewrite SuccNat2Pos.id_succ. cbn [pred].
  rewrite app_nth2 by lia. rewrite Nat.add_comm, Nat.add_sub, app_nth1 by (rewrite one_hot_length; exact L).
  apply one_hot_at. exact L.
Qed.

Lemma owners_sum : forall before n k more owners, (forall o, In o owners -> o < n) ->
  let s := sum_at (code_entry (before ++ one_hot n k ++ more)) (map (fun o => numbering (length before + o)) owners) in
  (0 <= s)%Q /\ ((exists o, In o owners /\ Z.of_nat o = k) -> (1 <= s)%Q).
Proof.
  intros before n k more owners. cbv zeta. induction owners as [|o l IH]; intros B.
  - split; [cbn; lra|intros (o & [] & _)].
  - destruct (IH (fun p I => B p (or_intror I))) as [N S]. cbn [map sum_at fold_right].
    set (rest := fold_right _ _ _). change (0 <= rest)%Q in N.
    change ((exists p, In p l /\ Z.of_nat p = k) -> (1 <= rest)%Q) in S.
    rewrite (flag_entry before n k more o (B o (or_introl eq_refl))). split.
    + destruct (Z.eqb (Z.of_nat o) k); lra.
    + intros (p & [<-|I] & E); [rewrite E, Z.eqb_refl; lra|]. assert (1 <= rest)%Q by (apply S; exists p; split; assumption).
      destruct (Z.eqb (Z.of_nat o) k); lra.
Qed.

Lemma repeated : forall A B (P : A -> B -> Prop) a n l, length l = n -> (forall x, In x l -> P a x) -> Forall2 P (repeat a n) l.
Proof.
  intros A B P a n l <- H. induction l as [|x l IH]; [constructor|]. cbn [length repeat]. constructor.
  - apply H. left. reflexivity.
  - apply IH. intros y I. apply H. right. exact I.
Qed.

Lemma signs_length : forall bits v, length (signs bits v) = bits.
Proof. intros bits [v|]; [|apply repeat_length]. unfold signs, numbers. rewrite !map_length. apply seq_length. Qed.

Lemma book_right : forall before kinds k fields rest, (forall f, In f fields -> owned kinds k f) ->
  Forall2 (true_of (before ++ book_code kinds k fields ++ rest)) (book_facts (length before) kinds (map fst fields))
    (book_code kinds k fields).
Proof.
  intros before kinds k fields rest H. unfold book_facts, book_code at 2. apply forall2_app; [|apply forall2_app].
  - apply repeated; [apply one_hot_length|]. intros x I. unfold one_hot in I. apply in_map_iff in I as (j & <- & _).
    cbn [true_of]. destruct (Z.eqb j k); lra.
  - constructor; [reflexivity|constructor].
  - unfold book_code. rewrite <- !app_assoc. generalize ([1%Q] ++ flat_map (fun '(bits, _, v) => signs bits v) fields ++ rest).
    intros more. induction fields as [|((bits, owners), v) fields IH]; [constructor|]. cbn [map flat_map fst].
    apply forall2_app; [|apply IH; intros f I; apply H; right; exact I].
    destruct (H _ (or_introl eq_refl)) as [B O]. destruct (owners_sum before kinds k more owners B) as [N S].
    apply repeated; [apply signs_length|]. intros x I. cbn [true_of]. destruct v as [v|].
    + assert (L := S (O ltac:(discriminate))). unfold signs in I. apply in_map_iff in I as (b & <- & _).
      destruct (Z.testbit v b); lra.
    + apply repeat_spec in I. subst x. lra.
Qed.

(* Tokens and places. A place of a sequence is one of the kinds there are, and its time is not negative. *)
Lemma token_book : forall w ext t, token_code w ext t = book_code (9 + length (operations ext)) (kind t)
  [(w, seq 0 5, match t with Word _ v => Some v | _ => None end); (3, [5], match t with Name r => Some r | _ => None end)].
Proof. intros w ext t. unfold token_code, book_code. cbn [flat_map]. rewrite app_nil_r. reflexivity. Qed.

Lemma token_owned : forall w ext t f, In f
  [(w, seq 0 5, match t with Word _ v => Some v | _ => None end); (3, [5], match t with Name r => Some r | _ => None end)] ->
  owned (9 + length (operations ext)) (kind t) f.
Proof.
  intros w ext t f [<-|[<-|[]]]; (split; [intros o I; cbn in I; lia|]); intros N; destruct t as [s v|r| | | |o]; try congruence.
  - exists (Z.to_nat (mark_number s)). destruct s; split; try reflexivity; cbn; tauto.
  - exists 5. split; [left; reflexivity|reflexivity].
Qed.

Definition place_of (p : place) : Prop :=
  match p with PField f _ => (0 <= f < 4)%Z | PLog k t _ => (0 <= k < 3)%Z /\ (0 <= t)%Z | _ => True end.
Definition cell_place (p : place) : Prop :=
  match p with PField f _ => (0 <= f < 4)%Z | PLog _ _ _ => False | _ => True end.

Lemma in_numbers : forall n k, In k (numbers n) -> (0 <= k < Z.of_nat n)%Z.
Proof. intros n k H. unfold numbers in H. apply in_map_iff in H as (j & <- & I). apply in_seq in I. lia. Qed.

Lemma prompt_places_of : forall L p, In p (prompt_places L) -> place_of p /\ cell_place p.
Proof.
  intros L p H. unfold prompt_places in H. apply in_app_or in H as [[<-|[<-|[]]]|H]; try (split; exact I).
  apply in_flat_map in H as (i & _ & H). apply in_map_iff in H as (f & <- & H). split; exact (in_numbers 4 f H).
Qed.

Lemma log_places_of : forall L M P T p, In p (log_places L M P T) -> place_of p.
Proof.
  intros L M P T p H. unfold log_places in H. apply in_app_or in H as [H|H]; [apply (prompt_places_of L p H)|].
  apply in_app_or in H as [H|H]; [apply in_map_iff in H as (a & <- & _); exact I|].
  apply in_flat_map in H as (t & A & H). apply in_flat_map in H as (pid & _ & H). apply in_map_iff in H as (k & <- & B).
  split; [exact (in_numbers 3 k B)|apply (in_numbers _ _ A)].
Qed.

Lemma cell_places_of : forall L M P p, In p (cell_places L M P) -> cell_place p.
Proof.
  intros L M P p H. unfold cell_places in H. apply in_app_or in H as [H|H]; [apply (prompt_places_of L p H)|].
  apply in_app_or in H as [H|H]; [|apply in_app_or in H as [H|H]]; apply in_flat_map in H as (a & _ & H).
  - apply in_map_iff in H as (s & <- & _). exact I.
  - apply in_flat_map in H as (r & _ & H). apply in_map_iff in H as (s & <- & _). exact I.
  - apply in_map_iff in H as (s & <- & _). exact I.
Qed.

Definition number_of (t : option Z) : Q := match t with Some t => inject_Z t | None => 0%Q end.
Definition log_fields (w : nat) (p : place) : list (nat * list nat * option Z) :=
  let '(_, index, time, _, _) := place_row p in
  [(w, seq 2 8, index); (clock_bits w, seq 7 3, time); (clock_bits w, seq 7 3, option_map Z.pred time)].
Definition cell_fields (w : nat) (p : place) : list (nat * list nat * option Z) :=
  let '(_, index, _, register, slot) := place_row p in [(w, seq 2 7, index); (3, [7], register); (1, seq 6 3, slot)].
Definition kind_of (p : place) : Z := fst (fst (fst (fst (place_row p)))).
Definition time_of (p : place) : option Z := snd (fst (fst (place_row p))).

Lemma log_book : forall w p, log_code w p = book_code 10 (kind_of p) (log_fields w p) ++ [number_of (time_of p)].
Proof.
  intros w p. unfold log_code, kind_of, log_fields, time_of. destruct (place_row p) as [[[[k index] time] register] slot].
  unfold book_code. cbn [flat_map fst snd]. rewrite app_nil_r, <- !app_assoc. reflexivity.
Qed.

Lemma cell_book : forall w p, cell_code w p = book_code 9 (kind_of p) (cell_fields w p).
Proof.
  intros w p. unfold cell_code, kind_of, cell_fields. destruct (place_row p) as [[[[k index] time] register] slot].
  unfold book_code. cbn [flat_map fst snd]. rewrite app_nil_r. reflexivity.
Qed.

Lemma owner : forall kinds first count k bits v, first + count <= kinds ->
  (v <> None -> (Z.of_nat first <= k < Z.of_nat (first + count))%Z) -> owned kinds k (bits, seq first count, v).
Proof.
  intros kinds first count k bits v L H. split; [intros o I; apply in_seq in I; lia|]. intros N. specialize (H N).
  exists (Z.to_nat k). split; [apply in_seq|]; lia.
Qed.

Lemma log_owned : forall w p f, place_of p -> In f (log_fields w p) -> owned 10 (kind_of p) f.
Proof.
  intros w p f G H. unfold log_fields, kind_of in *.
  destruct p; cbn -[Z.add clock_bits seq] in H |- *; cbn [place_of] in G; destruct H as [<-|[<-|[<-|[]]]];
    (apply owner; [cbn; lia|]); intros N; try (exfalso; apply N; reflexivity); lia.
Qed.

Lemma cell_owned : forall w p f, cell_place p -> In f (cell_fields w p) -> owned 9 (kind_of p) f.
Proof.
  intros w p f G H. unfold cell_fields, kind_of in *. change [7] with (seq 7 1) in H.
  destruct p; cbn -[Z.add seq] in H |- *; cbn [cell_place] in G; destruct H as [<-|[<-|[<-|[]]]];
    (apply owner; [cbn; lia|]); intros N; try (exfalso; apply N; reflexivity); lia.
Qed.

Lemma token_width : forall w ext t, length (token_code w ext t) = token_code_width w ext.
Proof.
  intros w ext t. rewrite token_book. unfold book_code, token_code_width. cbn [flat_map].
  rewrite !app_length, one_hot_length, !signs_length. cbn [length]. lia.
Qed.

Theorem log_facts_hold : forall w ext t p, place_of p -> facts_of (log_known w ext) (token_code w ext t ++ log_code w p).
Proof.
  intros w ext t p G. apply facts_from_right. apply forall2_app.
  - rewrite token_book. apply (book_right []). exact (token_owned w ext t).
  - rewrite log_book. unfold log_facts. rewrite <- (token_width w ext t). apply forall2_app.
    + pose proof (book_right (token_code w ext t) 10 (kind_of p) (log_fields w p) [number_of (time_of p)]
        (fun f => log_owned w p f G)) as B. unfold log_fields in B at 2. destruct (place_row p) as [[[[k i] tm] r] s]. exact B.
    + constructor; [|constructor]. cbn [true_of]. destruct p; cbn [place_of] in G; unfold time_of; cbn; try lra.
      change 0%Q with (inject_Z 0). rewrite <- Zle_Qle. apply G.
Qed.

Theorem cell_facts_hold : forall w ext t p, cell_place p -> facts_of (cell_known w ext) (token_code w ext t ++ cell_code w p).
Proof.
  intros w ext t p G. apply facts_from_right. apply forall2_app.
  - rewrite token_book. apply (book_right []). exact (token_owned w ext t).
  - rewrite cell_book. unfold cell_facts. rewrite <- (token_width w ext t).
    pose proof (book_right (token_code w ext t) 9 (kind_of p) (cell_fields w p) [] (fun f => cell_owned w p f G)) as B.
    rewrite app_nil_r in B. unfold cell_fields in B at 2. destruct (place_row p) as [[[[k i] tm] r] s]. exact B.
Qed.
