(* The dimensions of a transformer, and those of a plan without reuse of coordinates. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel Direct DirectPlaced.
Import ListNotations.
Open Scope nat_scope.

(* The greatest dimensions of any matrix of a plan, as it is written. d_model: of all that is indexed by residual coordinates:
   rows of the embeddings, of every W_O and of every W_2; columns of W_Q, W_K, W_V, W_1 and of the read-out. d_ff: hidden units
   of a feed-forward block. d_head: of queries, keys and values. d_code: of the codes of tokens and of places that are read, and
   of the outputs. Depth: layers, each with heads, then a feed-forward block. *)
Definition columns (m : matrix) : nat := list_max (map (@length Q) m).
Definition d_model (m : plan) : nat :=
  list_max ([length (token_matrix m); length (place_matrix m); columns (out_matrix m)] ++
    flat_map (fun l => [columns (up l); length (down l)] ++
      flat_map (fun a => [columns (wq a); columns (wk a); columns (wv a); length (wo a)]) (heads l)) (layers m)).
Definition d_ff (m : plan) : nat :=
  list_max (flat_map (fun l => [length (up l); length (bias l); columns (down l)]) (layers m)).
Definition heads_per_layer (m : plan) : nat := list_max (map (fun l => length (heads l)) (layers m)).
Definition d_head (m : plan) : nat :=
  list_max (flat_map (fun l => flat_map (fun a => [length (wq a); length (wk a); length (wv a);
    columns (wo a)]) (heads l)) (layers m)).
Definition d_code (m : plan) : nat :=
  list_max [columns (token_matrix m); columns (place_matrix m); length (out_matrix m); length (out_bias m)].
Definition depth (m : plan) : nat := length (layers m).

Lemma max_within : forall l n, (forall k, In k l -> k <= n) -> list_max l <= n.
Proof. intros l n H. apply list_max_le, Forall_forall. exact H. Qed.

Lemma plus_length : forall a b, length (plus a b) = Nat.max (length a) (length b).
Proof. induction a as [|u a IH]; intros [|v b]; cbn [plus length]; try reflexivity. rewrite IH. reflexivity. Qed.

Lemma row_length : forall l n, (forall c i, In (c, i) l -> i < n) -> length (row l) <= n.
Proof.
  induction l as [|[c i] l IH]; intros n H; [apply Nat.le_0_l|]. cbn [row fold_right]. fold (row l). rewrite plus_length.
  unfold single. rewrite app_length, repeat_length. cbn [length]. specialize (H c i (or_introl eq_refl)) as Hi.
  specialize (IH n (fun d k I => H d k (or_intror I))). lia.
Qed.

Lemma closed_length : forall one f n, one < n -> reads_below n f -> length (closed one f) <= n.
Proof. intros one f n O B. apply row_length. intros c i [E|I]; [injection E as _ <-; exact O|exact (B c i I)]. Qed.

Lemma columns_within : forall m n, (forall r, In r m -> length r <= n) -> columns m <= n.
Proof. intros m n H. apply max_within. intros k K. apply in_map_iff in K as (r & <- & R). exact (H r R). Qed.

Definition narrow (q : nat) (n : node) : Prop :=
  match n with Averaged queries keys _ => length queries <= q /\ length keys <= q | Rectified _ _ => True end.

Section Sizes.
Variables (one tokens places q : nat) (d : definition).
Let first : nat := tokens + places.
Let width : nat := first + length (nodes d).
Let slots : list slot := placed (repeat 0 first) (nodes d).
Hypothesis in_order : ordered first (nodes d).
Hypothesis one_entry : one < first.

Lemma slot_within : forall s, In s slots -> node_below width (content s) /\ coordinate s < width /\ In (content s) (nodes d).
Proof.
  intros s S. destruct (placed_facts (nodes d) (repeat 0 first)) as [C F]. rewrite repeat_length in C, F. fold slots in C, F.
  destruct (F s S) as (N & _). assert (K : In (coordinate s) (seq first (length (nodes d)))) by (rewrite <- C; apply in_map;
    exact S).
  apply in_seq in K. split; [|split; [apply K|exact (nth_error_In _ _ N)]]. pose proof (in_order _ _ N) as B.
  assert (L : first + (coordinate s - first) <= width) by (unfold width; lia). revert B L.
    generalize (first + (coordinate s - first)).
  intros k B L. destruct (content s) as [divisor g|qs ks v]; cbn [node_below] in *.
  - intros c i I. specialize (B c i I). lia.
  - destruct B as [Bf Bv]. split; [intros g G c i I; specialize (Bf g G c i I); lia|intros c i I; specialize (Bv c i I); lia].
Qed.

Lemma slots_count : length slots = length (nodes d).
Proof.
  destruct (placed_facts (nodes d) (repeat 0 first)) as [C _]. fold slots in C. rewrite <- (map_length coordinate), C,
    seq_length.
  reflexivity.
Qed.

Lemma half_count : forall p, length (of_half p slots) <= length (nodes d).
Proof. intros p. rewrite <- slots_count. unfold of_half. induction slots as [|s l IH]; cbn; [lia|].
  destruct (_ =? _); cbn; lia. Qed.

Lemma head_slot : forall l a, In a (flat_map (head_of one) (of_half l slots)) -> exists s qs ks v, In s slots /\
  content s = Averaged qs ks v /\ a = {| wq := map (closed one) qs; wk := map (closed one) ks; wv := [closed one v];
    wo := repeat [] (coordinate s) ++ [[1%Q]] |}.
Proof.
  intros l a I. apply in_flat_map in I as (s & S & H). apply of_half_in in S as [S _]. unfold head_of in H.
  destruct (content s) as [divisor g|qs ks v] eqn:E; [destruct H|]. destruct H as [<-|[]]. exists s, qs, ks, v.
    repeat split; assumption.
Qed.

Lemma in_layers : forall x, In x (layers (direct one tokens places d)) -> exists l, x = layer_of one width slots l.
Proof. intros x X. apply in_map_iff in X as (l & <- & _). exists l. reflexivity. Qed.

Theorem direct_model : (forall f, In f (results d) -> reads_below width f) -> d_model (direct one tokens places d) <= width.
Proof.
  intros R. apply max_within. intros k K. apply in_app_or in K as [K|K].
  - cbn [direct token_matrix place_matrix out_matrix In] in K. rewrite app_length, repeat_length, !map_length, !seq_length in K.
    destruct K as [<-|[<-|[<-|[]]]]; unfold width, first; try lia. apply columns_within. intros r I.
    apply in_map_iff in I as (f & <- & F). apply row_length. exact (R f F).
  - apply in_flat_map in K as (x & X & K). apply in_layers in X as (l & ->). cbn [layer_of feeding up down heads] in K.
    apply in_app_or in K as [[<-|[<-|[]]]|K].
    + apply columns_within. intros r I. apply in_map_iff in I as (s & <- & S). apply of_half_in in S as [S _].
      destruct (slot_within s S) as (B & _). unfold linear. destruct (content s); [apply row_length; exact B|apply Nat.le_0_l].
    + rewrite map_length, seq_length. apply Nat.le_refl.
    + apply in_flat_map in K as (a & Ia & K). apply head_slot in Ia as (s & qs & ks & v & S & E & ->).
      destruct (slot_within s S) as (B & C & _). rewrite E in B. destruct B as [Bf Bv]. cbn [wq wk wv wo] in K.
      assert (O : one < width) by (unfold width; lia).
      destruct K as [<-|[<-|[<-|[<-|[]]]]]; try (apply columns_within; intros r I).
      * apply in_map_iff in I as (f & <- & F). apply closed_length; [exact O|]. apply Bf, in_or_app. left. exact F.
      * apply in_map_iff in I as (f & <- & F). apply closed_length; [exact O|]. apply Bf, in_or_app. right. exact F.
      * destruct I as [<-|[]]. apply closed_length; [exact O|exact Bv].
      * rewrite app_length, repeat_length. cbn [length]. lia.
Qed.

Theorem direct_ff : d_ff (direct one tokens places d) <= length (nodes d).
Proof.
  apply max_within. intros k K. apply in_flat_map in K as (x & X & K). apply in_layers in X as (l & ->).
  cbn [layer_of feeding up bias down] in K. pose proof (half_count (2 * l + 2)) as H. destruct K as [<-|[<-|[<-|[]]]];
    rewrite ?map_length; try exact H. apply columns_within. intros r I. apply in_map_iff in I as (i & <- & _).
      rewrite map_length.
  exact H.
Qed.

Theorem direct_heads : heads_per_layer (direct one tokens places d) <= length (nodes d).
Proof.
  apply max_within. intros k K. apply in_map_iff in K as (x & <- & X). apply in_layers in X as (l & ->).
  cbn [layer_of feeding heads]. apply (Nat.le_trans _ (length (of_half (2 * l + 1) slots))); [|apply half_count].
  induction (of_half _ slots) as [|s m IH]; [apply Nat.le_0_l|]. cbn [flat_map length]. rewrite app_length.
  assert (length (head_of one s) <= 1) by (unfold head_of; destruct (content s); cbn; lia). lia.
Qed.

Theorem direct_head : 1 <= q -> (forall n, In n (nodes d) -> narrow q n) -> d_head (direct one tokens places d) <= q.
Proof.
  intros Q1 N. apply max_within. intros k K. apply in_flat_map in K as (x & X & K). apply in_layers in X as (l & ->).
  cbn [layer_of feeding heads] in K. apply in_flat_map in K as (a & Ia & K). apply head_slot in Ia as (s & qs & ks & v & S & E
    & ->).
  destruct (slot_within s S) as (_ & _ & I). specialize (N _ I). rewrite E in N. destruct N as [Nq Nk]. cbn [wq wk wv wo] in K.
  destruct K as [<-|[<-|[<-|[<-|[]]]]]; rewrite ?map_length; try assumption. apply columns_within. intros r R.
  apply in_app_or in R as [R|[<-|[]]]; [apply repeat_spec in R; subst r; apply Nat.le_0_l|exact Q1].
Qed.

Theorem direct_code : forall n, tokens <= n -> places <= n -> length (results d) <= n ->
  d_code (direct one tokens places d) <= n.
Proof.
  assert (Single : forall c i, length (single c i) = S i) by (intros; unfold single; rewrite app_length, repeat_length; cbn;
    lia).
  intros n T P R. apply max_within. intros k [<-|[<-|[<-|[<-|[]]]]]; cbn [direct token_matrix place_matrix out_matrix out_bias];
    rewrite ?map_length; try exact R; apply columns_within; intros r I.
  - apply in_map_iff in I as (i & <- & I). apply in_seq in I. rewrite Single. lia.
  - apply in_app_or in I as [I|I]; [apply repeat_spec in I; subst r; apply Nat.le_0_l|].
    apply in_map_iff in I as (i & <- & I). apply in_seq in I. rewrite Single. lia.
Qed.

Theorem direct_depth : forall h, (forall s, In s slots -> half s <= 2 * h) -> depth (direct one tokens places d) <= h.
Proof.
  intros h H. unfold depth. cbn [direct layers]. rewrite map_length, seq_length. fold first slots. unfold depth_of.
  assert (M : list_max (map half slots) <= 2 * h) by (apply max_within; intros k K; apply in_map_iff in K as (s & <- & S);
    exact (H s S)).
  set (m := list_max _) in *. pose proof (Nat.div2_odd (S m)) as D. unfold Nat.b2n in D. destruct (Nat.odd (S m)); lia.
Qed.
End Sizes.
