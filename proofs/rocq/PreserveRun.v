(* Edits in place: for all strings and all edits at positions that there are, the passes of any-process generation end at the
  string that the edits give as lists, after m + 2 passes for m >= 1 edits. What a position emits is a rule of the sequence, and
  of its own number and token, under Algorithm 1. *)
From Coq Require Import List Arith Lia Bool.
Import ListNotations.
From Efasp Require Import Slots Preserve.

Section Run.
Context {A : Type}.
Notation edit := (@Preserve.edit A).
Inductive value := Separator | Letter (a : A) | Edit (e : edit).
Notation token := (option value) (only parsing).

Definition is_edit (x : token) : bool := match x with Some (Edit _) => true | _ => false end.
Definition is_separator (x : token) : bool := match x with Some Separator => true | _ => false end.
Definition is_mask (x : token) : bool := match x with None => true | _ => false end.
Fixpoint index (p : token -> bool) (z : list token) : nat :=
  match z with [] => 0 | x :: rest => if p x then 0 else S (index p rest) end.

(* What a pass finds in a sequence: the separator, the first edit and the next one, the mask behind the separator. *)
Definition start (z : list token) : nat := index is_separator z.
Definition first_at (z : list token) : nat := index is_edit z.
Definition edit_at (z : list token) (i : nat) : option edit :=
  match nth_error z i with Some (Some (Edit e)) => Some e | _ => None end.
Definition behind (z : list token) : list token := skipn (S (start z)) z.
Definition pending (z : list token) : bool := existsb is_mask (behind z).
Definition open_at (z : list token) : nat := S (start z) + index is_mask (behind z).
Definition first (z : list token) : option edit := edit_at z (first_at z).
Definition begins (z : list token) : option edit :=
  match first z with None => None | Some e => if pending z then edit_at z (S (first_at z)) else Some e end.
Definition vanishing (z : list token) : bool :=
  match first z with Some (Delete _) => pending z | _ => false end.
Definition address (z : list token) (e : edit) : nat :=
  let t := start z + match e with Insert _ p => p | Delete p => S p end in
  if vanishing z && (open_at z <=? t) then S t else t.

(* The rule: prediction, and remask, insert, delete. *)
Definition written (z : list token) : value := match first z with Some (Insert a _) => Letter a | _ => Separator end.
Definition here (z : list token) (j : nat) : bool := match begins z with Some e => j =? address z e | None => false end.
Definition deletes (z : list token) : bool := match begins z with Some (Delete _) => true | _ => false end.
Definition rule (z : list token) (j : nat) (x : token) : token * value * (bool * bool * bool) :=
  (x, match x with Some v => v | None => if start z <? j then written z else Separator end,
   ((here z j && deletes z) || ((j =? first_at z) && is_edit x && pending z), here z j && negb (deletes z),
    is_mask x && ((j <=? start z) || vanishing z))).
Definition part (z : list token) (k : nat) (l : list token) : list token :=
  flat_map (fun '(j, x) => emit (rule z j x)) (combine (seq k (length l)) l).
Definition pass (z : list token) : list token := part z 0 z.

Lemma part_app : forall z l1 l2 k, part z k (l1 ++ l2) = part z k l1 ++ part z (k + length l1) l2.
Proof.
  intros z l1 l2. induction l1 as [| x l1 IH]; intros k; cbn [app length].
  - rewrite Nat.add_0_r. reflexivity.
  - unfold part in *. cbn [length seq combine flat_map]. rewrite IH, app_assoc. replace (S k + length l1) with (k + S (length l1)) by lia. reflexivity.
Qed.

Lemma part_cons : forall z x l k, part z k (x :: l) = emit (rule z k x) ++ part z (S k) l.
Proof. reflexivity. Qed.

(* Sequences of a run: d masks, edits, the separator, and a string with or without a mask. *)
Definition plain (s : list A) : list token := map (fun a => Some (Letter a)) s.
Definition tokens (es : list edit) : list token := map (fun e => Some (Edit e)) es.
Definition sequence (d : nat) (es : list edit) (str : list token) : list token := repeat None d ++ tokens es ++ Some Separator :: str.
Definition masked (u v : list A) : list token := plain u ++ None :: plain v.

Lemma index_skip : forall p l rest, (forall x, In x l -> p x = false) -> index p (l ++ rest) = length l + index p rest.
Proof.
  intros p l rest H. induction l as [| x l IH]; [reflexivity |]. cbn. rewrite (H x (or_introl eq_refl)), IH; [reflexivity |].
  intros y Y. apply H. right. exact Y.
Qed.

Lemma in_tokens : forall es x, In x (tokens es) -> exists e, x = Some (Edit e).
Proof. intros es x H. apply in_map_iff in H. destruct H as (e & <- & _). eauto. Qed.

Lemma start_is : forall d es str, start (sequence d es str) = d + length es.
Proof.
  intros d es str. unfold start, sequence. rewrite app_assoc, index_skip.
  - unfold tokens. rewrite app_length, repeat_length, map_length. cbn. lia.
  - intros x H. apply in_app_or in H. destruct H as [H | H]; [apply repeat_spec in H; subst; reflexivity |].
    destruct (in_tokens es x H) as [e ->]. reflexivity.
Qed.

Lemma behind_is : forall d es str, behind (sequence d es str) = str.
Proof.
  intros d es str. unfold behind. rewrite start_is. unfold sequence. rewrite app_assoc.
  replace (S (d + length es)) with (length ((repeat None d ++ tokens es) ++ [Some Separator]))
    by (rewrite !app_length, repeat_length; unfold tokens; rewrite map_length; cbn; lia).
  change (Some Separator :: str) with ([Some Separator] ++ str). rewrite app_assoc.
  rewrite skipn_app, skipn_all, Nat.sub_diag. reflexivity.
Qed.

Lemma first_at_is : forall d e es str, first_at (sequence d (e :: es) str) = d.
Proof.
  intros d e es str. unfold first_at, sequence. rewrite index_skip, repeat_length; [cbn; lia |].
  intros x H. apply repeat_spec in H. subst. reflexivity.
Qed.

Lemma edit_at_is : forall d es str i, edit_at (sequence d es str) (d + i) =
  match nth_error es i with Some e => Some e | None => edit_at (Some Separator :: str) (i - length es) end.
Proof.
  intros d es str i. unfold edit_at, sequence. rewrite nth_error_app2 by (rewrite repeat_length; lia).
  rewrite repeat_length. replace (d + i - d) with i by lia. unfold tokens.
  destruct (le_lt_dec (length es) i) as [L | L].
  - rewrite nth_error_app2 by (rewrite map_length; exact L). rewrite map_length.
    rewrite (proj2 (nth_error_None es i)) by exact L. reflexivity.
  - rewrite nth_error_app1 by (rewrite map_length; exact L). rewrite nth_error_map.
    destruct (nth_error es i) eqn:E; [reflexivity | apply nth_error_None in E; lia].
Qed.

Lemma first_is : forall d e es str, first (sequence d (e :: es) str) = Some e.
Proof. intros d e es str. unfold first. rewrite first_at_is. rewrite <- (Nat.add_0_r d) at 2. rewrite edit_at_is. reflexivity. Qed.

Lemma second_is : forall d e es str, edit_at (sequence d (e :: es) str) (S d) = match es with [] => None | e2 :: _ => Some e2 end.
Proof.
  intros d e es str. replace (S d) with (d + 1) by lia. rewrite edit_at_is. destruct es as [| e2 es]; reflexivity.
Qed.

Lemma pending_plain : forall s, existsb is_mask (plain s) = false.
Proof. induction s as [| a s IH]; [reflexivity | exact IH]. Qed.

Lemma pending_masked : forall u v, existsb is_mask (masked u v) = true.
Proof. intros u v. unfold masked. rewrite existsb_app. cbn. apply orb_true_r. Qed.

Lemma index_masked : forall u v, index is_mask (masked u v) = length u.
Proof.
  intros u v. unfold masked. rewrite index_skip; [unfold plain; rewrite map_length; cbn; lia |].
  intros x H. apply in_map_iff in H. destruct H as (a & <- & _). reflexivity.
Qed.

(* Before the separator: masks go, the edit that is done becomes a mask, the others stay. *)
Lemma address_late : forall z e, start z <= address z e.
Proof. intros z e. unfold address. destruct (vanishing z && _), e; lia. Qed.

Lemma early_here : forall z j, j < start z -> here z j = false.
Proof.
  intros z j J. unfold here. destruct (begins z) as [e |]; [| reflexivity]. apply Nat.eqb_neq.
  pose proof (address_late z e). lia.
Qed.

Lemma part_masks : forall z d k, k + d <= start z -> part z k (repeat None d) = [].
Proof.
  intros z d. induction d as [| d IH]; intros k K; [reflexivity |]. cbn [repeat]. rewrite part_cons, IH by lia.
  unfold rule. cbn [emit is_mask masked andb]. rewrite (proj2 (Nat.leb_le k (start z))) by lia. reflexivity.
Qed.

Lemma part_edits : forall z es k, k + length es <= start z -> first_at z < k -> part z k (tokens es) = tokens es.
Proof.
  intros z es. induction es as [| e es IH]; intros k K F; [reflexivity |]. cbn [tokens map length] in *. rewrite part_cons.
  change (map (fun e => Some (Edit e)) es) with (tokens es). rewrite IH by lia. unfold rule. rewrite early_here by lia.
  rewrite (proj2 (Nat.eqb_neq k (first_at z))) by lia. reflexivity.
Qed.

Lemma part_before : forall d e es str, let z := sequence d (e :: es) str in
  part z 0 (repeat None d ++ tokens (e :: es)) = if pending z then None :: tokens es else tokens (e :: es).
Proof.
  intros d e es str z. assert (S1 : start z = d + S (length es)) by (unfold z; rewrite start_is; reflexivity).
  assert (F : first_at z = d) by (unfold z; apply first_at_is).
  rewrite part_app, part_masks by lia. rewrite repeat_length. cbn [app Nat.add tokens map].
  rewrite part_cons. change (map (fun e => Some (Edit e)) es) with (tokens es). rewrite part_edits by lia.
  unfold rule. rewrite early_here by lia. rewrite F, Nat.eqb_refl. destruct (pending z); reflexivity.
Qed.

(* From the separator on: what every cell becomes where no edit begins, and at the cell where one does. *)
Definition completed (z : list token) (x : token) : list token :=
  match x with Some _ => [x] | None => if vanishing z then [] else [Some (written z)] end.
Definition cell (x : token) : Prop := is_edit x = false.

Lemma emits_completed : forall z j x, cell x -> (start z < j \/ x = Some Separator) -> here z j = false ->
  emit (rule z j x) = completed z x.
Proof.
  intros z j x C J H. unfold rule. rewrite H. unfold cell in C. rewrite C, andb_false_r. cbn [andb orb].
  destruct x as [v |]; [reflexivity |]. destruct J as [J | J]; [| discriminate].
  rewrite (proj2 (Nat.leb_gt j (start z))), (proj2 (Nat.ltb_lt (start z) j)) by exact J. cbn. destruct (vanishing z); reflexivity.
Qed.

Definition placed (z : list token) (k : nat) (l : list token) : Prop :=
  forall i x, nth_error l i = Some x -> cell x /\ (start z < k + i \/ x = Some Separator).

Lemma placed_app : forall z k l1 l2, placed z k (l1 ++ l2) -> placed z k l1 /\ placed z (k + length l1) l2.
Proof.
  intros z k l1 l2 P. split; intros i x H.
  - apply P. rewrite nth_error_app1; [exact H |]. apply nth_error_Some. congruence.
  - rewrite <- Nat.add_assoc. apply P. rewrite nth_error_app2 by lia. replace (length l1 + i - length l1) with i by lia. exact H.
Qed.

Lemma part_completed : forall z l k, placed z k l -> (forall j, k <= j < k + length l -> here z j = false) ->
  part z k l = flat_map (completed z) l.
Proof.
  intros z l. induction l as [| x l IH]; intros k P H; [reflexivity |]. rewrite part_cons. cbn [flat_map length] in *.
  destruct (P 0 x eq_refl) as [C J]. rewrite Nat.add_0_r in J.
  rewrite emits_completed by (first [exact C | exact J | apply H; lia]).
  rewrite IH; [reflexivity | | intros j K; apply H; lia].
  intros i y Y. replace (S k + i) with (k + S i) by lia. exact (P (S i) y Y).
Qed.

Lemma emits_here : forall z j x c, cell x -> (start z < j \/ x = Some Separator) -> here z j = true -> completed z x = [c] ->
  emit (rule z j x) = if deletes z then [None] else [c; None].
Proof.
  intros z j x c C J H E. unfold rule. rewrite H. unfold cell in C. rewrite C, andb_false_r. cbn [andb orb negb].
  rewrite orb_false_r. destruct x as [v |]; cbn [completed] in E.
  - injection E as <-. destruct (deletes z); reflexivity.
  - destruct (vanishing z); [discriminate |]. injection E as <-. destruct J as [J | J]; [| discriminate].
    rewrite (proj2 (Nat.leb_gt j (start z))), (proj2 (Nat.ltb_lt (start z) j)) by exact J. destruct (deletes z); reflexivity.
Qed.

(* The cell at which the t-th token of what is completed stands. *)
Definition singles (z : list token) (l : list token) : Prop := forall x, In x l -> exists c, completed z x = [c].

Lemma singles_length : forall z l, singles z l -> length (flat_map (completed z) l) = length l.
Proof.
  intros z l H. induction l as [| x l IH]; [reflexivity |]. cbn [flat_map length]. rewrite app_length, IH.
  - destruct (H x (or_introl eq_refl)) as [c ->]. reflexivity.
  - intros y Y. apply H. right. exact Y.
Qed.

Lemma located : forall z l t, singles z l -> t < length l -> exists l1 x l2 c,
  l = l1 ++ x :: l2 /\ length l1 = t /\ length (flat_map (completed z) l1) = t /\ completed z x = [c].
Proof.
  intros z l t H T. destruct (nth_error l t) as [x |] eqn:E; [| apply nth_error_None in E; lia].
  destruct (nth_error_split l t E) as (l1 & l2 & -> & L). destruct (H x) as [c C]; [apply in_or_app; right; left; reflexivity |].
  exists l1, x, l2, c. repeat split; auto. rewrite singles_length; [exact L |].
  intros y Y. apply H. apply in_or_app. left. exact Y.
Qed.

Lemma located_around : forall z l1 l2 t, completed z None = [] -> singles z l1 -> singles z l2 -> t < length l1 + length l2 ->
  exists m1 x m2 c, l1 ++ None :: l2 = m1 ++ x :: m2 /\ length m1 = (if length l1 <=? t then S t else t) /\
    length (flat_map (completed z) m1) = t /\ completed z x = [c].
Proof.
  intros z l1 l2 t N H1 H2 T. destruct (Nat.leb_spec (length l1) t) as [L | L].
  - destruct (located z l2 (t - length l1) H2) as (m1 & x & m2 & c & -> & M & F & C); [lia |].
    exists (l1 ++ None :: m1), x, m2, c. rewrite <- app_assoc. cbn [app]. repeat split; auto.
    + rewrite app_length. cbn [length]. lia.
    + rewrite flat_map_app. cbn [flat_map]. rewrite N, !app_length, singles_length by exact H1. cbn [length app]. lia.
  - destruct (located z l1 t H1 L) as (m1 & x & m2 & c & -> & M & F & C).
    exists m1, x, (m2 ++ None :: l2), c. rewrite <- app_assoc. auto.
Qed.

Lemma begun : forall z l m1 x m2 c e t, placed z (start z) l -> begins z = Some e -> l = m1 ++ x :: m2 ->
  address z e = start z + length m1 -> length (flat_map (completed z) m1) = t -> completed z x = [c] ->
  part z (start z) l = firstn (if deletes z then t else S t) (flat_map (completed z) l) ++ None ::
    skipn (S t) (flat_map (completed z) l).
Proof.
  intros z l m1 x m2 c e t P B -> D M C. destruct (placed_app _ _ _ _ P) as [P1 P2].
  assert (H : forall j, here z j = (j =? start z + length m1)) by (intros j; unfold here; rewrite B, D; reflexivity).
  rewrite part_app, part_cons. destruct (P2 0 x eq_refl) as [X J]. rewrite Nat.add_0_r in J.
  rewrite (emits_here z _ x c X J) by (first [rewrite H; apply Nat.eqb_refl | exact C]).
  rewrite (part_completed z m1) by (first [exact P1 | intros j K; rewrite H; apply Nat.eqb_neq; lia]).
  rewrite (part_completed z m2).
  - rewrite flat_map_app. cbn [flat_map]. rewrite C. cbn [app].
    assert (E1 : firstn (S t) (flat_map (completed z) m1 ++ c :: flat_map (completed z) m2) = flat_map (completed z) m1 ++ [c]).
    { change (c :: flat_map (completed z) m2) with ([c] ++ flat_map (completed z) m2). rewrite app_assoc.
      replace (S t) with (length (flat_map (completed z) m1 ++ [c])) by (rewrite app_length, M; cbn; lia).
      rewrite firstn_app, firstn_all, Nat.sub_diag, firstn_O. apply app_nil_r. }
    assert (E2 : skipn (S t) (flat_map (completed z) m1 ++ c :: flat_map (completed z) m2) = flat_map (completed z) m2).
    { change (c :: flat_map (completed z) m2) with ([c] ++ flat_map (completed z) m2). rewrite app_assoc.
      replace (S t) with (length (flat_map (completed z) m1 ++ [c])) by (rewrite app_length, M; cbn; lia).
      rewrite skipn_app, skipn_all, Nat.sub_diag. reflexivity. }
    assert (E3 : firstn t (flat_map (completed z) m1 ++ c :: flat_map (completed z) m2) = flat_map (completed z) m1).
    { rewrite <- M, firstn_app, firstn_all, Nat.sub_diag, firstn_O. apply app_nil_r. }
    destruct (deletes z); rewrite ?E1, ?E2, ?E3; rewrite <- ?app_assoc; reflexivity.
  - intros i y Y. replace (S (start z + length m1) + i) with (start z + length m1 + S i) by lia. exact (P2 (S i) y Y).
  - intros j K. rewrite H. apply Nat.eqb_neq. lia.
Qed.

(* The string that a sequence stands for, with the edit that has begun. *)
Definition filled (e : edit) (u v : list A) : list A := match e with Insert a _ => u ++ a :: v | Delete _ => u ++ v end.
Definition opened (e : edit) (s : list A) : list token :=
  match e with Insert _ p => masked (firstn p s) (skipn p s) | Delete p => masked (firstn p s) (skipn (S p) s) end.

Lemma opened_filled : forall e s, exists u v, opened e s = masked u v /\ filled e u v = apply s e.
Proof. intros [a p | p] s; cbn; eauto. Qed.

Lemma plain_completed : forall z s, flat_map (completed z) (plain s) = plain s.
Proof. intros z s. induction s as [| a s IH]; [reflexivity |].
  change (plain (a :: s)) with (Some (Letter a) :: plain s). cbn [flat_map completed]. rewrite IH. reflexivity. Qed.

Lemma plain_singles : forall z s, singles z (plain s).
Proof. intros z s x H. apply in_map_iff in H. destruct H as (a & <- & _). eexists. reflexivity. Qed.

Lemma plain_cells : forall s x, In x (plain s) -> cell x.
Proof. intros s x H. apply in_map_iff in H. destruct H as (a & <- & _). reflexivity. Qed.

Lemma cells_placed : forall z str, (forall x, In x str -> cell x) -> placed z (start z) (Some Separator :: str).
Proof.
  intros z str C [| i] x H; cbn in H.
  - injection H as <-. split; [reflexivity | right; reflexivity].
  - split; [apply C, (nth_error_In _ _ H) | left; lia].
Qed.

Lemma result : forall e s, valid_edit (length s) e ->
  let t := match e with Insert _ p => p | Delete p => S p end in
  firstn (match e with Insert _ _ => S t | Delete _ => t end) (Some Separator :: plain s) ++ None ::
    skipn (S t) (Some Separator :: plain s) = Some Separator :: opened e s.
Proof.
  intros [a p | p] s V; cbv beta iota zeta; rewrite firstn_cons, skipn_cons; unfold opened, masked, plain;
    rewrite firstn_map, skipn_map; reflexivity.
Qed.

(* One pass, in each of the four states. *)

Lemma vanishing_is : forall d e es str, vanishing (sequence d (e :: es) str) =
  match e with Delete _ => existsb is_mask str | Insert _ _ => false end.
Proof. intros d e es str. unfold vanishing, pending. rewrite first_is, behind_is. destruct e; reflexivity. Qed.

Lemma pass_splits : forall d es str, pass (sequence d es str) =
  part (sequence d es str) 0 (repeat None d ++ tokens es) ++
  part (sequence d es str) (start (sequence d es str)) (Some Separator :: str).
Proof.
  intros d es str. unfold pass. unfold sequence at 2. rewrite app_assoc, part_app. f_equal. f_equal.
  rewrite start_is, app_length, repeat_length. unfold tokens. rewrite map_length. lia.
Qed.

Lemma whole : forall z (s' : list A) l e, flat_map (completed z) (Some Separator :: l) = Some Separator :: plain s' ->
  placed z (start z) (Some Separator :: l) -> begins z = Some e -> valid_edit (length s') e ->
  (forall t, t < S (length s') -> exists m1 x m2 c, Some Separator :: l = m1 ++ x :: m2 /\
    length m1 = (if vanishing z && (open_at z <=? start z + t) then S t else t) /\
    length (flat_map (completed z) m1) = t /\ completed z x = [c]) ->
  part z (start z) (Some Separator :: l) = Some Separator :: opened e s'.
Proof.
  intros z s' l e T P B V L. set (t := match e with Insert _ p => p | Delete p => S p end).
  assert (I : t < S (length s')) by (unfold t; destruct e; cbn in V; lia).
  destruct (L t I) as (m1 & x & m2 & c & E & M & F & C).
  assert (D : address z e = start z + length m1).
  { unfold address. fold t. rewrite M. replace (start z + match e with Insert _ p => p | Delete p => S p end) with (start z + t)
      by reflexivity. destruct (vanishing z && (open_at z <=? start z + t)); lia. }
  rewrite (begun z _ m1 x m2 c e t P B E D F C), T. rewrite <- (result e s' V). unfold deletes. rewrite B. fold t.
  destruct e; reflexivity.
Qed.

Lemma masked_cells : forall u v x, In x (masked u v) -> cell x.
Proof.
  intros u v x H. apply in_app_or in H. destruct H as [H | [<- | H]]; [eapply plain_cells; exact H | reflexivity | eapply plain_cells; exact H].
Qed.

Lemma separator_singles : forall z l, singles z l -> singles z (Some Separator :: l).
Proof. intros z l H x [<- | X]; [eexists; reflexivity | apply H, X]. Qed.

Lemma completed_masked : forall d e es u v, let z := sequence d (e :: es) (masked u v) in
  flat_map (completed z) (Some Separator :: masked u v) = Some Separator :: plain (filled e u v).
Proof.
  intros d e es u v z. cbn [flat_map completed app]. unfold masked. rewrite flat_map_app, plain_completed. cbn [flat_map].
  rewrite plain_completed. unfold completed, written. unfold z. rewrite vanishing_is, first_is, pending_masked.
  f_equal. destruct e as [a p | p]; cbn [filled]; unfold plain; rewrite map_app; reflexivity.
Qed.

Lemma masked_located : forall d e es u v t, let z := sequence d (e :: es) (masked u v) in t < S (length (filled e u v)) ->
  exists m1 x m2 c, Some Separator :: masked u v = m1 ++ x :: m2 /\
    length m1 = (if vanishing z && (open_at z <=? start z + t) then S t else t) /\
    length (flat_map (completed z) m1) = t /\ completed z x = [c].
Proof.
  intros d e es u v t z T. unfold open_at. unfold z at 3. rewrite behind_is, index_masked.
  assert (W : vanishing z = match e with Delete _ => true | Insert _ _ => false end).
  { unfold z. rewrite vanishing_is, pending_masked. destruct e; reflexivity. }
  rewrite W. destruct e as [a p | p]; cbn [filled andb] in *.
  - apply located.
    + apply separator_singles. intros x H. apply in_app_or in H. destruct H as [H | [<- | H]].
      * eapply plain_singles; exact H.
      * unfold completed. rewrite W. eexists. reflexivity.
      * eapply plain_singles; exact H.
    + unfold masked, plain. cbn [length]. rewrite app_length in *. cbn [length] in *. rewrite !map_length. lia.
  - destruct (located_around z (Some Separator :: plain u) (plain v) t) as (m1 & x & m2 & c & E & M & F & C).
    + unfold completed. rewrite W. reflexivity.
    + apply separator_singles, plain_singles.
    + apply plain_singles.
    + cbn [length]. unfold plain. rewrite !map_length. rewrite app_length in T. lia.
    + exists m1, x, m2, c. split; [exact E |]. split; [| auto]. rewrite M. cbn [length]. unfold plain. rewrite map_length.
      destruct (Nat.leb_spec (S (length u)) t), (Nat.leb_spec (S (start z) + length u) (start z + t)); auto; lia.
Qed.

Theorem begins_first : forall d e es s, valid_edit (length s) e ->
  pass (sequence d (e :: es) (plain s)) = sequence 0 (e :: es) (opened e s).
Proof.
  intros d e es s V. rewrite pass_splits, part_before. set (z := sequence d (e :: es) (plain s)).
  assert (Q : pending z = false) by (unfold pending, z; rewrite behind_is; apply pending_plain).
  assert (W : vanishing z = false) by (unfold z; rewrite vanishing_is, pending_plain; destruct e; reflexivity).
  rewrite Q. cbn [tokens map app]. unfold sequence at 1. cbn [repeat app tokens map]. f_equal. f_equal.
  rewrite (whole z s (plain s) e); auto.
  - cbn [flat_map completed app]. rewrite plain_completed. reflexivity.
  - apply cells_placed. apply plain_cells.
  - unfold begins. unfold z at 1. rewrite first_is, Q. reflexivity.
  - intros t T. rewrite W. cbn [andb]. apply located; [apply separator_singles, plain_singles |].
    cbn [length]. unfold plain. rewrite map_length. exact T.
Qed.

Theorem ends_and_begins : forall d e e2 es u v, valid_edit (length (filled e u v)) e2 ->
  pass (sequence d (e :: e2 :: es) (masked u v)) = sequence 1 (e2 :: es) (opened e2 (filled e u v)).
Proof.
  intros d e e2 es u v V. rewrite pass_splits, part_before. set (z := sequence d (e :: e2 :: es) (masked u v)).
  assert (Q : pending z = true) by (unfold pending, z; rewrite behind_is; apply pending_masked).
  rewrite Q. unfold sequence at 1. cbn [repeat app tokens map]. f_equal. f_equal. f_equal.
  rewrite (whole z (filled e u v) (masked u v) e2); auto.
  - apply completed_masked.
  - apply cells_placed. apply masked_cells.
  - unfold begins. unfold z at 1. rewrite first_is, Q. unfold z. rewrite first_at_is, second_is. reflexivity.
  - intros t T. apply masked_located. exact T.
Qed.

Lemma quiet : forall z l, begins z = None -> placed z (start z) l -> part z (start z) l = flat_map (completed z) l.
Proof. intros z l B P. apply part_completed; [exact P |]. intros j _. unfold here. rewrite B. reflexivity. Qed.

Theorem ends_last : forall d e u v, pass (sequence d [e] (masked u v)) = sequence 1 [] (plain (filled e u v)).
Proof.
  intros d e u v. rewrite pass_splits, part_before. set (z := sequence d [e] (masked u v)).
  assert (Q : pending z = true) by (unfold pending, z; rewrite behind_is; apply pending_masked).
  rewrite Q. unfold sequence at 1. cbn [repeat app tokens map]. f_equal.
  rewrite quiet; [apply completed_masked | | apply cells_placed, masked_cells].
  unfold begins. unfold z at 1. rewrite first_is, Q. unfold z. rewrite first_at_is, second_is. reflexivity.
Qed.

Lemma no_first : forall d s, first (sequence d [] (plain s)) = None.
Proof.
  intros d s. unfold first, edit_at. destruct (nth_error (sequence d [] (plain s)) _) as [[[] |] |] eqn:E; try reflexivity.
  apply nth_error_In in E. apply in_app_or in E. destruct E as [E | E]; [apply repeat_spec in E; discriminate |].
  cbn in E. destruct E as [E | E]; [discriminate |]. apply in_map_iff in E. destruct E as (a & E & _). discriminate.
Qed.

Theorem cleared : forall d s, pass (sequence d [] (plain s)) = sequence 0 [] (plain s).
Proof.
  intros d s. rewrite pass_splits. set (z := sequence d [] (plain s)). cbn [tokens map]. rewrite app_nil_r.
  rewrite part_masks by (unfold z; rewrite start_is; lia). rewrite quiet; [| | apply cells_placed, plain_cells].
  - cbn [flat_map completed app]. rewrite plain_completed. reflexivity.
  - unfold begins, z. rewrite no_first. reflexivity.
Qed.

(* m edits take m + 2 passes, and there the run halts. *)
Fixpoint after (n : nat) (z : list token) : list token := match n with 0 => z | S m => after m (pass z) end.

Lemma from_open : forall es e u v d, valid (length (filled e u v)) es ->
  after (S (S (length es))) (sequence d (e :: es) (masked u v)) = sequence 0 [] (plain (edited (filled e u v) es)).
Proof.
  induction es as [| e2 es IH]; intros e u v d V.
  - cbn [after length]. rewrite ends_last, cleared. reflexivity.
  - cbn [valid] in V. destruct V as [V W]. change (after (S (S (length (e2 :: es)))) (sequence d (e :: e2 :: es) (masked u v)))
      with (after (S (S (length es))) (pass (sequence d (e :: e2 :: es) (masked u v)))).
    rewrite ends_and_begins by exact V. destruct (opened_filled e2 (filled e u v)) as (u2 & v2 & -> & E).
    rewrite IH by (rewrite E, apply_length by exact V; exact W). rewrite E. reflexivity.
Qed.

(* backs: preserve.edits *)
Theorem edits_in_place : forall s e es, valid (length s) (e :: es) ->
  after (length (e :: es) + 2) (sequence 0 (e :: es) (plain s)) = sequence 0 [] (plain (edited s (e :: es))) /\
  pass (sequence 0 [] (plain (edited s (e :: es)))) = sequence 0 [] (plain (edited s (e :: es))).
Proof.
  intros s e es [V W]. split; [| apply cleared]. cbn [length]. replace (S (length es) + 2) with (S (S (S (length es)))) by lia.
  change (after (S (S (S (length es)))) (sequence 0 (e :: es) (plain s)))
    with (after (S (S (length es))) (pass (sequence 0 (e :: es) (plain s)))).
  rewrite begins_first by exact V. destruct (opened_filled e s) as (u & v & -> & E).
  rewrite from_open by (rewrite E, apply_length by exact V; exact W). rewrite E. reflexivity.
Qed.
End Run.
