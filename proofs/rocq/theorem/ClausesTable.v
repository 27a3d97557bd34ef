(* The table of a grammar's clauses, as a function of its rules, of which there are finitely many, and of n: so every grammar
   has one for every n, of O(n^6) clauses, and what ClausesGrammar.v asks can be met. And a function that takes only tables of
   these clauses. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences ClausesRounds ClausesGrammar.
From Efasp Require ContextFree.
Import ListNotations.
Open Scope nat_scope.

Section Table.
Variables name letter : Type.
Variable name_eq : forall A B : name, {A = B} + {A <> B}.
Variable letter_eq : forall a b : letter, {a = b} + {a <> b}.
Variable binary_rules : list (name * name * name).
Variable terminal_rules : list (name * letter).
Variable initial_name : name.
Variable n : nat.
Definition binary (A B C : name) : Prop := In (A, B, C) binary_rules.
Definition terminal (A : name) (a : letter) : Prop := In (A, a) terminal_rules.
Local Notation item := (ContextFree.item name).
Local Notation fact := (ContextFree.fact name letter).
Local Notation Letter := (ContextFree.Letter name letter).
Local Notation Item := (ContextFree.Item name letter).
Local Notation Gap := (ContextFree.Gap name letter).
Local Notation width := (ContextFree.width name letter binary terminal).
Local Notation split := (ContextFree.split name letter binary terminal).
Local Notation below := (ContextFree.below name letter binary terminal).
Local Notation occurs := (ContextFree.occurs name letter binary terminal initial_name n).
Local Notation inner := (ContextFree.inner name letter binary terminal).
Local Notation clause := (ContextFree.clause name letter binary terminal initial_name n).
Local Notation goal := (initial_name, 0, n).

Definition item_eq : forall x y : item, {x = y} + {x <> y}.
Proof. decide equality; [apply Nat.eq_dec|]. decide equality. apply Nat.eq_dec. Defined.
Definition fact_eq : forall f g : fact, {f = g} + {f <> g}.
Proof. decide equality; try apply item_eq; apply Nat.eq_dec. Defined.
Definition clause_eq : forall f g : fact * fact * fact, {f = g} + {f <> g}.
Proof. decide equality; [apply fact_eq|]. decide equality; apply fact_eq. Defined.
Definition same (A B : name) : bool := if name_eq A B then true else false.
Lemma same_true : forall A B, same A B = true <-> A = B.
Proof. intros A B. unfold same. destruct (name_eq A B); split; congruence. Qed.

(* Whether A derives a word of m letters: m <= bound. *)
Fixpoint derivable (bound : nat) (A : name) (m : nat) : bool :=
  match bound with
  | O => false
  | S bound => (m =? 1) && existsb (fun '(B, _) => same A B) terminal_rules ||
      existsb (fun '(B, first, second) => same A B &&
        existsb (fun x => derivable bound first x && derivable bound second (m - x)) (seq 1 (m - 1))) binary_rules
  end.
Lemma width_positive : forall A m, width A m -> 1 <= m.
Proof. intros A m W. induction W; lia. Qed.
Lemma derivable_right : forall bound A m, m <= bound -> (derivable bound A m = true <-> width A m).
Proof.
  induction bound as [|bound IH]; intros A m L; cbn [derivable].
  - split; [discriminate|]. intros W. apply width_positive in W. lia.
  - rewrite orb_true_iff, andb_true_iff, Nat.eqb_eq, !existsb_exists. split.
    + intros [(-> & (B, a) & I & E)|(((B, C), D) & I & E)].
      * apply same_true in E as <-. exact (ContextFree.one _ _ _ _ A a I).
      * apply andb_true_iff in E as [E F]. apply same_true in E as <-. apply existsb_exists in F as (x & J & F).
        apply in_seq in J. apply andb_true_iff in F as [F G]. apply IH in F; [|lia]. apply IH in G; [|lia].
        replace m with (x + (m - x)) by lia. exact (ContextFree.more _ _ _ _ A C D x (m - x) I F G).
    + intros W. destruct W as [A a T|A B C x y R X Y].
      * left. split; [reflexivity|]. exists (A, a). split; [exact T|]. apply same_true. reflexivity.
      * right. pose proof (width_positive _ _ X). pose proof (width_positive _ _ Y). exists (A, B, C). split; [exact R|].
        apply andb_true_iff. split; [apply same_true; reflexivity|]. apply existsb_exists. exists x.
        split; [apply in_seq; lia|]. apply andb_true_iff. split; apply IH; try lia; [exact X|].
        replace (x + y - x) with y by lia. exact Y.
Qed.

(* The parts of an item, by every rule and place; the items below it; and those that occur. *)
Definition parts (x : item) : list (item * item) :=
  let '(A, i, j) := x in
  flat_map (fun '(B, first, second) => map (fun k => ((first, i, k), (second, k, j)))
    (filter (fun k => same A B && derivable j first (k - i) && derivable j second (j - k)) (seq (S i) (j - S i)))) binary_rules.
Fixpoint within (bound : nat) (x : item) : list item :=
  match bound with
  | O => []
  | S bound => nodup item_eq (flat_map (fun '(y, z) => y :: z :: within bound y ++ within bound z) (parts x))
  end.
Definition items_below (x : item) : list item := within (ContextFree.size name x) x.
Definition occurring : list item := nodup item_eq (goal :: items_below goal).
Definition long (x : item) : bool := 2 <=? ContextFree.size name x.
Definition inner_of (x : item) : list item := filter long (items_below x).

Lemma parts_right : forall x y z, In (y, z) (parts x) <-> split x y z.
Proof.
  intros ((A, i), j) y z. unfold parts. rewrite in_flat_map. split.
  - intros (((B, C), D) & R & I). apply in_map_iff in I as (k & E & I). injection E as <- <-.
    apply filter_In in I as [I E]. apply in_seq in I. rewrite !andb_true_iff in E. destruct E as [[E F] G].
    apply same_true in E as <-. apply derivable_right in F; [|lia]. apply derivable_right in G; [|lia].
    apply ContextFree.at_place; try assumption; lia.
  - intros S. inversion S as [A' B C i' k j' R L1 L2 W1 W2 E1 E2 E3]; subst. exists (A, B, C). split; [exact R|].
    apply in_map_iff. exists k. split; [reflexivity|]. apply filter_In. split; [apply in_seq; lia|].
    rewrite !andb_true_iff. split; [split|]; [apply same_true; reflexivity| |]; apply derivable_right; (lia || assumption).
Qed.
Lemma split_sizes : forall x y z, split x y z -> ContextFree.size name y < ContextFree.size name x /\
  ContextFree.size name z < ContextFree.size name x.
Proof. intros x y z S. destruct S. unfold ContextFree.size. cbn [fst snd]. lia. Qed.
(* What is below an item is a part of it, or below one. *)
Lemma below_first : forall x y, below x y -> exists z v, split x z v /\ (y = z \/ y = v \/ below z y \/ below v y).
Proof.
  intros x y B. induction B as [x y z S|x y z S|x y z _ (u & v & S & C) B _].
  - exists y, z. auto.
  - exists y, z. auto.
  - exists u, v. split; [exact S|]. destruct C as [->|[->|[C|C]]]; [tauto|tauto| |];
      [right; right; left|right; right; right]; exact (ContextFree.deeper _ _ _ _ _ _ _ C B).
Qed.
Lemma within_right : forall bound x y, ContextFree.size name x <= bound -> (In y (within bound x) <-> below x y).
Proof.
  induction bound as [|bound IH]; intros x y L; cbn [within].
  - split; [contradiction|]. intros B. apply below_first in B as (u & v & S & _). apply split_sizes in S. lia.
  - rewrite nodup_In, in_flat_map. split.
    + intros ((u, v) & I & J). apply parts_right in I. pose proof (split_sizes x u v I) as [Lu Lv].
      pose proof (ContextFree.first_part _ _ _ _ _ _ _ I) as U. pose proof (ContextFree.second_part _ _ _ _ _ _ _ I) as V.
      cbn [In] in J. rewrite in_app_iff in J. destruct J as [<-|[<-|[J|J]]]; [exact U|exact V| |]; apply IH in J; try lia.
      * exact (ContextFree.deeper _ _ _ _ _ _ _ U J).
      * exact (ContextFree.deeper _ _ _ _ _ _ _ V J).
    + intros B. apply below_first in B as (u & v & S & C). exists (u, v). split; [apply parts_right; exact S|].
      pose proof (split_sizes x u v S) as [Lu Lv]. cbn [In]. rewrite in_app_iff.
      destruct C as [->|[->|[C|C]]]; [tauto|tauto| |]; apply (IH _ y) in C; (lia || tauto).
Qed.
Lemma below_right : forall x y, In y (items_below x) <-> below x y.
Proof. intros x y. apply within_right. apply Nat.le_refl. Qed.
Lemma occurring_right : forall x, In x occurring <-> occurs x.
Proof.
  intros x. unfold occurring. rewrite nodup_In. cbn [In]. rewrite below_right. unfold ContextFree.occurs.
  split; intros [E|B]; auto.
Qed.
Lemma inner_right : forall x y, In y (inner_of x) <-> inner x y.
Proof. intros x y. unfold inner_of. rewrite filter_In, below_right. unfold long. rewrite Nat.leb_le. reflexivity. Qed.

(* The clauses, of each item that occurs: leaf, pair and activate, square and pebble. *)
Definition leaves (x : item) : list (fact * fact * fact) :=
  let '(A, i, j) := x in
  flat_map (fun '(B, a) => if same A B && (j =? S i) then [(Letter i a, Letter i a, Item x)] else []) terminal_rules.
Definition by_rules (x : item) : list (fact * fact * fact) :=
  flat_map (fun '(y, z) => (Item y, Item z, Item x) ::
    (if long y then [(Item z, Item z, Gap x y)] else []) ++ (if long z then [(Item y, Item y, Gap x z)] else [])) (parts x).
Definition by_gaps (x : item) : list (fact * fact * fact) :=
  flat_map (fun y => (Gap x y, Item y, Item x) :: map (fun z => (Gap x y, Gap y z, Gap x z)) (inner_of y)) (inner_of x).
Definition clauses_of : list (fact * fact * fact) := flat_map (fun x => leaves x ++ by_rules x ++ by_gaps x) occurring.

Lemma leaves_right : forall x f g h, In (f, g, h) (leaves x) <-> exists A i a, x = (A, i, S i) /\ terminal A a /\
  f = Letter i a /\ g = Letter i a /\ h = Item x.
Proof.
  intros ((A, i), j) f g h. unfold leaves. rewrite in_flat_map. split.
  - intros ((B, a) & T & I). destruct (same A B) eqn:E; [|contradiction]. destruct (Nat.eqb_spec j (S i)); [|contradiction].
    apply same_true in E as <-. destruct I as [I|[]]. injection I as <- <- <-. subst j. exists A, i, a. auto 8.
  - intros (A' & i' & a & E & T & -> & -> & ->). injection E as -> -> ->. exists (A', a). split; [exact T|].
    rewrite (proj2 (same_true A' A') eq_refl), Nat.eqb_refl. left. reflexivity.
Qed.
Lemma by_rules_right : forall x f g h, In (f, g, h) (by_rules x) <-> exists y z, split x y z /\
  (f = Item y /\ g = Item z /\ h = Item x \/
   2 <= ContextFree.size name y /\ f = Item z /\ g = Item z /\ h = Gap x y \/
   2 <= ContextFree.size name z /\ f = Item y /\ g = Item y /\ h = Gap x z).
Proof.
  intros x f g h. unfold by_rules. rewrite in_flat_map. split.
  - intros ((y, z) & S & I). apply parts_right in S. exists y, z. split; [exact S|]. destruct I as [I|I].
    + injection I as <- <- <-. auto.
    + unfold long in I. apply in_app_or in I as [I|I]; [destruct (Nat.leb_spec 2 (ContextFree.size name y))|
        destruct (Nat.leb_spec 2 (ContextFree.size name z))]; try contradiction; destruct I as [I|[]];
        injection I as <- <- <-; auto 8.
  - intros (y & z & S & C). exists (y, z). split; [apply parts_right; exact S|]. unfold long.
    destruct C as [(-> & -> & ->)|[(L & -> & -> & ->)|(L & -> & -> & ->)]]; [left; reflexivity| |]; right; apply in_or_app;
      apply Nat.leb_le in L; rewrite L; [left|right]; left; reflexivity.
Qed.
Lemma by_gaps_right : forall x f g h, In (f, g, h) (by_gaps x) <-> exists y, inner x y /\
  (f = Gap x y /\ g = Item y /\ h = Item x \/ exists z, inner y z /\ f = Gap x y /\ g = Gap y z /\ h = Gap x z).
Proof.
  intros x f g h. unfold by_gaps. rewrite in_flat_map. split.
  - intros (y & I & J). apply inner_right in I. exists y. split; [exact I|]. destruct J as [J|J].
    + injection J as <- <- <-. auto.
    + apply in_map_iff in J as (z & E & J). injection E as <- <- <-. apply inner_right in J. right. exists z. auto 8.
  - intros (y & I & C). exists y. split; [apply inner_right; exact I|].
    destruct C as [(-> & -> & ->)|(z & J & -> & -> & ->)]; [left; reflexivity|right]. apply in_map_iff. exists z.
    split; [reflexivity|]. apply inner_right. exact J.
Qed.
Theorem clauses_of_right : forall f g h, In (f, g, h) clauses_of <-> clause f g h.
Proof.
  intros f g h. unfold clauses_of. rewrite in_flat_map. split.
  - intros (x & O & I). apply occurring_right in O. rewrite !in_app_iff in I. destruct I as [I|[I|I]].
    + apply leaves_right in I as (A & i & a & -> & T & -> & -> & ->). apply ContextFree.leaf; assumption.
    + apply by_rules_right in I as (y & z & S & [(-> & -> & ->)|[(L & -> & -> & ->)|(L & -> & -> & ->)]]).
      * apply ContextFree.pair; assumption.
      * apply ContextFree.activate_first; assumption.
      * eapply ContextFree.activate_second; eassumption.
    + apply by_gaps_right in I as (y & J & [(-> & -> & ->)|(z & K & -> & -> & ->)]).
      * apply ContextFree.pebble; assumption.
      * apply ContextFree.square; assumption.
  - intros C.
    assert (Of : exists x, occurs x /\ (In (f, g, h) (leaves x) \/ In (f, g, h) (by_rules x) \/ In (f, g, h) (by_gaps x))).
    { destruct C as [A i a O T|x y z O S|x y z O S L|x y z O S L|x y z O I J|x y O I].
      - exists (A, i, S i). split; [exact O|]. left. apply leaves_right. exists A, i, a. auto 8.
      - exists x. split; [exact O|]. right. left. apply by_rules_right. exists y, z. auto 8.
      - exists x. split; [exact O|]. right. left. apply by_rules_right. exists y, z. auto 8.
      - exists x. split; [exact O|]. right. left. apply by_rules_right. exists y, z. auto 8.
      - exists x. split; [exact O|]. right. right. apply by_gaps_right. exists y. split; [exact I|]. right. exists z. auto 8.
      - exists x. split; [exact O|]. right. right. apply by_gaps_right. exists y. auto 8. }
    destruct Of as (x & O & I). exists x. split; [apply occurring_right; exact O|]. rewrite !in_app_iff. exact I.
Qed.

(* A table of exactly these, whose facts are numbered, none twice and the goal first. *)
Definition stands_for (facts : list fact) (numbered_ : nat * nat * nat) (of : fact * fact * fact) : Prop :=
  let '(a, b, c) := numbered_ in let '(x, y, f) := of in
  nth_error facts a = Some x /\ nth_error facts b = Some y /\ nth_error facts c = Some f.
Lemma tabulated : forall facts numbered_, nth_error facts 0 = Some (Item goal) -> NoDup facts ->
  (forall t, In t numbered_ -> exists of, stands_for facts t of /\ In of clauses_of) ->
  (forall of, In of clauses_of -> exists t, In t numbered_ /\ stands_for facts t of) ->
  tabulates name letter binary terminal initial_name n facts numbered_.
Proof.
  intros facts numbered_ Goal Once All Each. split; [exact Goal|]. split.
  - intros x y f C. apply clauses_of_right, Each in C as (((a, b), c) & _ & X & Y & _). split; eapply nth_error_In; eassumption.
  - intros a b c. split.
    + intros I. destruct (All _ I) as (((x, y), f) & (X & Y & F) & C). exists x, y, f. apply clauses_of_right in C. auto 8.
    + intros (x & y & f & X & Y & F & C). apply clauses_of_right, Each in C as (((a', b'), c') & I & X' & Y' & F').
      rewrite NoDup_nth_error in Once.
      assert (Eq : forall u v g, nth_error facts u = Some g -> nth_error facts v = Some g -> u = v).
      { intros u v g U V. apply Once; [apply nth_error_Some|]; congruence. }
      rewrite (Eq a a' x X X'), (Eq b b' y Y Y'), (Eq c c' f F F'). exact I.
Qed.

(* Takes only tables of exactly these; and not those that list a fact twice. *)
Definition reads (facts : list fact) (t : nat * nat * nat) : list (fact * fact * fact) :=
  let '(a, b, c) := t in
  match nth_error facts a, nth_error facts b, nth_error facts c with Some x, Some y, Some f => [(x, y, f)] | _, _, _ => [] end.
Definition covered {A} (eq : forall x y : A, {x = y} + {x <> y}) (some all : list A) : bool :=
  forallb (fun x => if in_dec eq x all then true else false) some.
Definition is_table (facts : list fact) (numbered_ : table) : bool :=
  match facts with f :: _ => if fact_eq f (Item goal) then true else false | [] => false end &&
  (length (nodup fact_eq facts) =? length facts) &&
  forallb (fun t => (length (reads facts t) =? 1) && covered clause_eq (reads facts t) clauses_of) numbered_ &&
  covered clause_eq clauses_of (flat_map (reads facts) numbered_).
Lemma covered_in : forall A eq some all, @covered A eq some all = true -> forall x, In x some -> In x all.
Proof.
  intros A eq some all C x I. unfold covered in C. rewrite forallb_forall in C. specialize (C x I).
  destruct (in_dec eq x all); [assumption|discriminate].
Qed.
Lemma reads_in : forall facts t of, In of (reads facts t) -> stands_for facts t of.
Proof.
  intros facts ((a, b), c) ((x, y), f) I. unfold reads in I. unfold stands_for.
  destruct (nth_error facts a), (nth_error facts b), (nth_error facts c); try contradiction.
  destruct I as [I|[]]. injection I as <- <- <-. auto.
Qed.
Lemma same_length : forall facts : list fact, length (nodup fact_eq facts) = length facts -> NoDup facts.
Proof.
  intros facts E. apply (@NoDup_incl_NoDup _ (nodup fact_eq facts)); [apply NoDup_nodup|lia|].
  intros f I. apply nodup_In in I. exact I.
Qed.
Theorem is_table_right : forall facts numbered_, is_table facts numbered_ = true ->
  tabulates name letter binary terminal initial_name n facts numbered_.
Proof.
  intros facts numbered_ E. unfold is_table in E. rewrite !andb_true_iff, Nat.eqb_eq, forallb_forall in E.
  destruct E as [[[G N] A] C]. apply tabulated.
  - destruct facts as [|f facts]; [discriminate|]. destruct (fact_eq f (Item goal)) as [->|]; [reflexivity|discriminate].
  - exact (same_length facts N).
  - intros t I. specialize (A t I). rewrite andb_true_iff, Nat.eqb_eq in A. destruct A as [L A].
    destruct (reads facts t) as [|of l] eqn:R; [discriminate|]. exists of.
    split; [apply reads_in; rewrite R; left; reflexivity|]. exact (covered_in _ _ _ _ A of (or_introl eq_refl)).
  - intros of I. apply (covered_in _ _ _ _ C), in_flat_map in I as (t & I & J). exists t. split; [exact I|].
    exact (reads_in _ _ _ J).
Qed.

(* How many clauses there are: each is told by three items at most, with a name and two places each, or by an item and a letter.
   The names are those of items that can occur. *)
Definition names : list name := initial_name :: flat_map (fun '(_, B, C) => [B; C]) binary_rules.
Definition items : list item := list_prod (list_prod names (seq 0 (S n))) (seq 0 (S n)).
Definition clauses_most : nat :=
  let count := (1 + 2 * length binary_rules) * (S n * S n) in
  4 * (count * count * count) + count * count + count * length terminal_rules.
Lemma items_in : forall A i j, In (A, i, j) items <-> In A names /\ i <= n /\ j <= n.
Proof. intros A i j. unfold items. rewrite !in_prod_iff, !in_seq. split; intros H; intuition lia. Qed.
Lemma below_in : forall x y, below x y -> In x items -> In y items.
Proof.
  assert (Parts : forall x y z, split x y z -> In x items -> In y items /\ In z items).
  { intros x y z S I. destruct S as [A B C i k j R L1 L2 _ _]. apply items_in in I as (_ & _ & J).
    split; apply items_in; (split; [|lia]); right; apply in_flat_map; exists (A, B, C); (split; [exact R|cbn; auto]). }
  intros x y B. induction B as [x y z S|x y z S|x y z _ IH _ IH']; intros I; [apply (Parts x y z S I)..|]. auto.
Qed.
Lemma occurs_in : forall x, occurs x -> In x items.
Proof.
  intros x [->|B]; [|apply (below_in _ _ B)]; apply items_in; (split; [left; reflexivity|lia]).
Qed.
Definition candidates : list (fact * fact * fact) :=
  flat_map (fun '(x, y, z) => [(Item y, Item z, Item x); (Item z, Item z, Gap x y); (Item y, Item y, Gap x z);
    (Gap x y, Gap y z, Gap x z)]) (list_prod (list_prod items items) items) ++
  map (fun '(x, y) => (Gap x y, Item y, Item x)) (list_prod items items) ++
  map (fun '((A, i, j), (_, a)) => (Letter i a, Letter i a, Item (A, i, j))) (list_prod items terminal_rules).
Lemma clause_candidate : forall f g h, clause f g h -> In (f, g, h) candidates.
Proof.
  assert (Three : forall x y z c, In x items -> In y items -> In z items -> In c [(Item y, Item z, Item x);
    (Item z, Item z, Gap x y); (Item y, Item y, Gap x z); (Gap x y, Gap y z, Gap x z)] -> In c candidates).
  { intros x y z c X Y Z C. apply in_or_app. left. apply in_flat_map. exists (x, y, z). split; [|exact C].
    rewrite !in_prod_iff. auto. }
  assert (Below : forall x y z, occurs x -> split x y z -> In x items /\ In y items /\ In z items).
  { intros x y z O S. apply occurs_in in O. split; [exact O|].
    split; [exact (below_in _ _ (ContextFree.first_part _ _ _ _ _ _ _ S) O)|].
    exact (below_in _ _ (ContextFree.second_part _ _ _ _ _ _ _ S) O). }
  intros f g h C. destruct C as [A i a O T|x y z O S|x y z O S L|x y z O S L|x y z O [I _] [J _]|x y O [I _]].
  - apply in_or_app. right. apply in_or_app. right. apply in_map_iff. exists ((A, i, S i), (A, a)). split; [reflexivity|].
    apply in_prod_iff. split; [exact (occurs_in _ O)|exact T].
  - destruct (Below x y z O S) as (X & Y & Z). apply (Three x y z); cbn; auto.
  - destruct (Below x y z O S) as (X & Y & Z). apply (Three x y z); cbn; auto.
  - destruct (Below x y z O S) as (X & Y & Z). apply (Three x y z); cbn; auto.
  - apply occurs_in in O. pose proof (below_in _ _ I O) as Y. apply (Three x y z); cbn; auto. exact (below_in _ _ J Y).
  - apply occurs_in in O. pose proof (below_in _ _ I O). apply in_or_app. right. apply in_or_app. left. apply in_map_iff.
    exists (x, y). split; [reflexivity|]. apply in_prod_iff. auto.
Qed.
Lemma candidates_length : length candidates = clauses_most.
Proof.
  assert (N : length names = 1 + 2 * length binary_rules).
  { unfold names. cbn [length]. f_equal. induction binary_rules as [|((A, B), C) l IH]; cbn in *; lia. }
  assert (I : length items = (1 + 2 * length binary_rules) * (S n * S n)).
  { unfold items. etransitivity; [apply prod_length|]. rewrite prod_length, seq_length, N. lia. }
  assert (F : forall l : list (item * item * item), length (flat_map (fun '(x, y, z) => [(Item y, Item z, Item x);
    (Item z, Item z, Gap x y); (Item y, Item y, Gap x z); (Gap x y, Gap y z, Gap x z)]) l) = 4 * length l).
  { induction l as [|((x, y), z) l IH]; cbn [flat_map app length] in *; lia. }
  unfold candidates, clauses_most. rewrite !app_length, F, !map_length, !prod_length, I. lia.
Qed.
Definition clauses_once : list (fact * fact * fact) := nodup clause_eq clauses_of.
Lemma clauses_few : length clauses_once <= clauses_most.
Proof.
  rewrite <- candidates_length. apply NoDup_incl_length; [apply NoDup_nodup|]. intros ((f, g), h) I.
  apply nodup_In, clauses_of_right in I. exact (clause_candidate f g h I).
Qed.

(* There is a table, and the letters of every word can be entered: so for wide enough words what is asked is met. *)
Definition named : list fact := flat_map (fun '(x, y, f) => [x; y; f]) clauses_of.
Definition made_facts : list fact := Item goal :: remove fact_eq (Item goal) (nodup fact_eq named).
Lemma made_once : NoDup made_facts.
Proof.
  constructor; [apply remove_In|]. generalize (NoDup_nodup fact_eq named). generalize (nodup fact_eq named) as l.
  induction l as [|f l IH]; intros N; cbn [remove]; [constructor|]. inversion N as [|f' l' Out Rest]; subst.
  destruct (fact_eq (Item goal) f); [exact (IH Rest)|]. constructor; [|exact (IH Rest)]. intros I. apply in_remove in I. tauto.
Qed.
Lemma made_all : forall x y f, In (x, y, f) clauses_of -> forall g, In g [x; y; f] -> In g made_facts.
Proof.
  intros x y f C g I. destruct (fact_eq g (Item goal)) as [->|N]; [left; reflexivity|right].
  apply in_in_remove; [exact N|]. apply nodup_In. apply in_flat_map. exists (x, y, f). auto.
Qed.
Lemma made_few : length made_facts <= 1 + 3 * clauses_most.
Proof.
  pose proof clauses_few as Few.
  assert (L : forall l : list (fact * fact * fact), length (flat_map (fun '(x, y, f) => [x; y; f]) l) = 3 * length l).
  { induction l as [|((x, y), f) l IH]; cbn [flat_map app length] in *; lia. }
  assert (In_once : length made_facts <= length (Item goal :: flat_map (fun '(x, y, f) => [x; y; f]) clauses_once)).
  { apply NoDup_incl_length; [exact made_once|]. intros g [<-|I]; [left; reflexivity|right]. apply in_remove in I as [I _].
    apply nodup_In, in_flat_map in I as (of & I & J). apply in_flat_map. exists of. split; [apply nodup_In; exact I|exact J]. }
  cbn [length] in In_once. rewrite L in In_once. lia.
Qed.
Theorem table_exists : exists facts numbered_, length facts <= 1 + 3 * clauses_most /\ length numbered_ <= clauses_most /\
  tabulates name letter binary terminal initial_name n facts numbered_.
Proof.
  assert (Each : forall l, incl l clauses_of -> exists numbered_, length numbered_ = length l /\
    (forall t, In t numbered_ -> exists of, stands_for made_facts t of /\ In of clauses_of) /\
    (forall of, In of l -> exists t, In t numbered_ /\ stands_for made_facts t of)).
  { induction l as [|((x, y), f) l IH]; intros Inside.
    - exists []. split; [reflexivity|]. split; contradiction.
    - destruct IH as (rows & Len & All & Each); [intros of I; apply Inside; right; exact I|].
      pose proof (Inside (x, y, f) (or_introl eq_refl)) as C. pose proof (made_all x y f C) as M.
      destruct (In_nth_error _ _ (M x ltac:(cbn; auto))) as [a X], (In_nth_error _ _ (M y ltac:(cbn; auto))) as [b Y],
        (In_nth_error _ _ (M f ltac:(cbn; auto))) as [c F].
      exists ((a, b, c) :: rows). split; [cbn [length]; lia|]. split.
      + intros t [<-|I]; [|exact (All t I)]. exists (x, y, f). cbn. auto.
      + intros of [<-|I]; [exists (a, b, c); cbn; auto|]. destruct (Each of I) as (t & J & S). exists t. cbn. auto. }
  destruct (Each clauses_once (fun of I => proj1 (nodup_In clause_eq clauses_of of) I)) as (rows & Len & All & Every).
  exists made_facts, rows. split; [exact made_few|]. split; [rewrite Len; exact clauses_few|].
  apply tabulated; [reflexivity|exact made_once|exact All|]. intros of I. apply Every, nodup_In. exact I.
Qed.

Definition stands (word : nat -> letter) (f : fact) : bool :=
  match f with ContextFree.Letter _ _ i a => (i <? n) && if letter_eq a (word i) then true else false | _ => false end.
Lemma letters_spelled : forall word facts, spells name letter n facts word (map (stands word) facts).
Proof.
  intros word facts. split; [apply map_length|]. intros a x X.
  rewrite (nth_indep _ false (stands word x)) by (rewrite map_length; apply nth_error_Some; congruence).
  rewrite map_nth, (nth_error_nth _ _ x X). unfold stands. destruct x as [i b|y|y z].
  - rewrite andb_true_iff, Nat.ltb_lt. destruct (letter_eq b (word i)) as [->|N].
    + split; [intros [L _]; exists i; auto|]. intros (i' & L & E). injection E as -> _. auto.
    + split; [intros [_ E]; discriminate|]. intros (i' & L & E). injection E as -> ->. contradiction.
  - split; [discriminate|]. intros (i & _ & E). discriminate.
  - split; [discriminate|]. intros (i & _ & E). discriminate.
Qed.
(* So what is asked can be met by a table of O(n^6) clauses, and words of O(log n) bits. *)
Definition width_most : nat := 5 + Nat.log2_up (n + 6 + 6 * clauses_most).
Theorem suited_exists : 1 <= n -> exists w facts numbered_, w <= width_most /\ length numbered_ <= clauses_most /\
  forall word, exists bits, grammar_suits name letter binary terminal initial_name n w facts numbered_ word bits [].
Proof.
  intros Some_letter. destruct table_exists as (facts & rows & Few_facts & Few & Table).
  exists width_most, facts, rows. split; [lia|]. split; [exact Few|]. intros word. exists (map (stands word) facts).
  assert (Wide : (32 * Z.of_nat (n + 6 + 6 * clauses_most) <= size width_most)%Z).
  { unfold size, width_most. pose proof (Nat.log2_up_spec (n + 6 + 6 * clauses_most) ltac:(lia)) as [_ H].
    apply Nat2Z.inj_le in H. rewrite Nat2Z.inj_pow in H. rewrite (Nat2Z.inj_add 5), Z.pow_add_r by lia.
    change (2 ^ Z.of_nat 5)%Z with 32%Z. change (Z.of_nat 2) with 2%Z in H. lia. }
  pose proof (Nat.log2_le_lin n ltac:(lia)) as Log.
  split; [unfold width_most; lia|]. split; [exact Some_letter|]. split; [unfold rounds; lia|]. split; [exact Table|].
  split; [apply letters_spelled|]. split; [|reflexivity].
  rewrite layout_length, app_length, map_length. unfold with_idle. cbn [length]. lia.
Qed.
End Table.
