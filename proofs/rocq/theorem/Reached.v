(* The configurations that a program reaches: what a step does to each word, register and program counter, and that all of them
   stay words. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions.
Import ListNotations.
Open Scope Z_scope.

(* Lists by their numbers. *)
Lemma list_numbers : forall A (l : list A) d, map (fun n => nth (Z.to_nat n) l d) (numbers (length l)) = l.
Proof.
  intros A l d. induction l as [|a l IH] using rev_ind; [reflexivity|].
  rewrite app_length, Nat.add_comm. cbn [length Nat.add]. rewrite numbers_next, map_app. cbn [map].
  rewrite Nat2Z.id, app_nth2, Nat.sub_diag by lia. f_equal. rewrite <- IH at 2. apply map_ext_in. intros n N.
  apply in_numbers in N. apply app_nth1. lia.
Qed.

Lemma map_numbered : forall A B (f : Z -> A -> B) l d,
  map (fun '(n, a) => f n a) (numbered l) = map (fun n => f n (nth (Z.to_nat n) l d)) (numbers (length l)).
Proof.
  intros A B f l d. unfold numbered. generalize (list_numbers A l d). generalize (numbers (length l)). intros ns E.
  rewrite <- E at 1. clear E. induction ns as [|n ns IH]; [reflexivity|]. cbn. f_equal. exact IH.
Qed.

Lemma nth_mapped : forall A (f : Z -> A) n i d, 0 <= i < Z.of_nat n -> nth (Z.to_nat i) (map f (numbers n)) d = f i.
Proof.
  intros A f n i d H. rewrite (nth_indep _ d (f 0)) by (rewrite map_length, numbers_length; lia).
  rewrite (map_nth f (numbers n) 0). f_equal. unfold numbers. change 0 with (Z.of_nat 0). rewrite map_nth, seq_nth by lia. lia.
Qed.

(* A processor, and what it does. *)
Definition idle : processor := {| registers := []; pc := 0; state := Halted |}.
Definition self (c : configuration) (pid : Z) : processor := nth (Z.to_nat pid) (processors_of c) idle.
Definition at_address (c : configuration) (a : Z) : Z := nth (Z.to_nat a) (memory c) 0.
Definition in_register (c : configuration) (pid r : Z) : Z := nth (Z.to_nat r) (registers (self c pid)) 0.
Definition effect_of (w : nat) (p : program) (c : configuration) (pid : Z) : effect := act w p c pid (self c pid).

Lemma effects_of : forall w p c, effects w p c = map (effect_of w p c) (numbers (length (processors_of c))).
Proof. intros w p c. unfold effects. apply map_numbered. Qed.

(* What is stored at an address is what the lowest of the processors that store there stores. *)
Lemma stored_some : forall a es v, stored a es = Some v <-> exists n e, nth_error es n = Some e /\
  writes e = Some (ToMemory a v) /\ forall m f u, (m < n)%nat -> nth_error es m = Some f -> writes f <> Some (ToMemory a u).
Proof.
  intros a es v. induction es as [|e es IH].
  - split; [discriminate|]. intros (n & e & H & _). destruct n; discriminate.
  - assert (R : (forall u, writes e <> Some (ToMemory a u)) -> (stored a (e :: es) = stored a es) /\
      ((exists n f, nth_error (e :: es) n = Some f /\ writes f = Some (ToMemory a v) /\ forall m f' u, (m < n)%nat ->
        nth_error (e :: es) m = Some f' -> writes f' <> Some (ToMemory a u)) <->
      (exists n f, nth_error es n = Some f /\ writes f = Some (ToMemory a v) /\ forall m f' u, (m < n)%nat ->
        nth_error es m = Some f' -> writes f' <> Some (ToMemory a u)))).
    { intros N. split.
      - destruct e as [n s [[r u|b u]|]]; cbn; try reflexivity. destruct (Z.eqb_spec a b) as [<-|_]; [|reflexivity].
        destruct (N u eq_refl).
      - split; intros (n & f & H & Wf & F).
        + destruct n as [|n]; [cbn in H; injection H as ->; destruct (N v Wf)|]. exists n, f. split; [exact H|].
          split; [exact Wf|]. intros m f' u M. apply (F (S m) f' u). lia.
        + exists (S n), f. split; [exact H|]. split; [exact Wf|]. intros [|m] f' u M Hm.
          * cbn in Hm. injection Hm as <-. apply N.
          * apply (F m f' u); [lia|exact Hm]. }
    destruct e as [n s [[r u|b u]|]]; try (destruct R as [-> ->]; [discriminate|exact IH]).
    destruct (Z.eqb_spec a b) as [<-|B].
    + cbn. rewrite Z.eqb_refl. split.
      * intros E. injection E as <-. exists 0%nat, {| next := n; after := s; writes := Some (ToMemory a u) |}.
        repeat split. intros m f u' M. lia.
      * intros ([|k] & e & H & We & F); [cbn in H; injection H as <-; cbn in We; congruence|]. exfalso.
        apply (F 0%nat _ u (Nat.lt_0_succ k) eq_refl). reflexivity.
    + destruct R as [-> ->]; [|exact IH]. intros u' E. cbn in E. congruence.
Qed.

Lemma stored_none : forall a es, stored a es = None <-> forall e v, In e es -> writes e <> Some (ToMemory a v).
Proof.
  intros a es. split.
  - intros H e v I E. apply In_nth_error in I as (n & N). revert n N. assert (X : forall n, nth_error es n = Some e -> False).
    { induction es as [|e' es IH]; intros n N; [destruct n; discriminate|].
      destruct e' as [k s [[r u|b u]|]]; cbn in H; try (destruct n as [|n];
        [cbn in N; injection N as <-; discriminate|exact (IH H n N)]).
      destruct (Z.eqb_spec a b) as [->|B]; [discriminate|]. destruct n as [|n]; [|exact (IH H n N)].
      cbn in N. injection N as <-. cbn in E. congruence. }
    exact X.
  - intros H. destruct (stored a es) as [v|] eqn:E; [|reflexivity]. apply stored_some in E as (n & e & N & We & _).
    destruct (H e v (nth_error_In _ _ N) We).
Qed.

(* The step, part by part. *)
Section Step.
Variables (w : nat) (p : program) (c : configuration) (M P : nat).
Hypothesis S : sized M P c.

Lemma memory_step : forall a, 0 <= a < Z.of_nat M ->
  at_address (step w p c) a = match stored a (effects w p c) with Some v => v | None => at_address c a end.
Proof.
  intros a A. unfold at_address, step, apply. cbn [memory].
  rewrite (map_numbered _ _ (fun a v => match stored a (effects w p c) with Some u => u | None => v end) _ 0).
  rewrite nth_mapped; [reflexivity|]. rewrite (words _ _ _ S). exact A.
Qed.

Lemma combine_mapped : forall A B (f : Z -> A) (g : Z -> B) ns,
  combine (map f ns) (map g ns) = map (fun n => (f n, g n)) ns.
Proof. intros A B f g ns. induction ns as [|n ns IH]; [reflexivity|]. cbn. f_equal. exact IH. Qed.

Lemma self_step : forall pid, 0 <= pid < Z.of_nat P -> self (step w p c) pid = apply_effect (self c pid) (effect_of w p c pid).
Proof.
  intros pid B. unfold self at 1, step, apply. cbn [processors_of]. rewrite effects_of.
  rewrite <- (list_numbers _ (processors_of c) idle) at 1. rewrite combine_mapped, map_map, nth_mapped; [reflexivity|].
  rewrite (count _ _ _ S). exact B.
Qed.

Lemma bank : forall pid, 0 <= pid < Z.of_nat P -> length (registers (self c pid)) = 8%nat.
Proof. intros pid B. apply (banks _ _ _ S). apply nth_In. rewrite (count _ _ _ S). lia. Qed.

Lemma register_step : forall pid r, 0 <= pid < Z.of_nat P -> 0 <= r < 8 -> in_register (step w p c) pid r =
  match writes (effect_of w p c pid) with Some (ToRegister q v) => if q =? r then v else in_register c pid r
  | _ => in_register c pid r end.
Proof.
  intros pid r B R. unfold in_register. rewrite self_step by exact B. unfold apply_effect. cbn [registers].
  destruct (writes (effect_of w p c pid)) as [[q v|a v]|]; try reflexivity.
  rewrite (map_numbered _ _ (fun n u => if n =? q then v else u) _ 0), nth_mapped by (rewrite bank by exact B; exact R).
  rewrite Z.eqb_sym. reflexivity.
Qed.

Lemma counter_step : forall pid, 0 <= pid < Z.of_nat P ->
  pc (self (step w p c) pid) = next (effect_of w p c pid) /\ state (self (step w p c) pid) = after (effect_of w p c pid).
Proof. intros pid B. rewrite self_step by exact B. split; reflexivity. Qed.

Lemma stopped_self : stopped c = true <-> forall pid, 0 <= pid < Z.of_nat P -> runs (self c pid) = false.
Proof.
  unfold stopped. rewrite <- (list_numbers _ (processors_of c) idle), forallb_forall. rewrite (count _ _ _ S). split.
  - intros H pid B. apply negb_true_iff. apply H. apply in_map_iff. exists pid. split; [reflexivity|]. apply in_numbers.
    exact B.
  - intros H q I. apply in_map_iff in I as (pid & <- & I). apply in_numbers in I.
    fold (self c pid). rewrite (H pid I). reflexivity.
Qed.
End Step.

Lemma effect_stopped : forall w p c pid, runs (self c pid) = false ->
  effect_of w p c pid = {| next := pc (self c pid); after := state (self c pid); writes := None |}.
Proof. intros w p c pid H. unfold effect_of, act. rewrite H. reflexivity. Qed.

(* Words stay words. *)
Record worded (w : nat) (c : configuration) : Prop := {
  w_memory : forall v, In v (memory c) -> is_word w v = true;
  w_registers : forall q v, In q (processors_of c) -> In v (registers q) -> is_word w v = true;
  w_pc : forall q, In q (processors_of c) -> is_word w (pc q) = true }.

Lemma is_word_range : forall w v, is_word w v = true <-> 0 <= v < size w.
Proof. intros w v. unfold is_word. rewrite andb_true_iff, Z.leb_le, Z.ltb_lt. reflexivity. Qed.

Lemma size_positive : forall w, 0 < size w.
Proof. intros w. apply Z.pow_pos_nonneg; lia. Qed.

Lemma modulo_word : forall w v, is_word w (v mod size w) = true.
Proof. intros w v. apply is_word_range. apply Z.mod_pos_bound, size_positive. Qed.

Lemma zero_word : forall w, is_word w 0 = true.
Proof. intros w. apply is_word_range. pose proof (size_positive w). lia. Qed.

Lemma bits_word : forall w v, 0 <= v -> (forall b, Z.of_nat w <= b -> Z.testbit v b = false) -> is_word w v = true.
Proof.
  intros w v P H. apply is_word_range. split; [exact P|]. unfold size. replace v with (v mod 2 ^ Z.of_nat w).
  - apply Z.mod_pos_bound, Z.pow_pos_nonneg; lia.
  - apply Z.bits_inj'. intros b B. destruct (Z.ltb_spec b (Z.of_nat w)).
    + apply Z.mod_pow2_bits_low. assumption.
    + rewrite Z.mod_pow2_bits_high, H by lia. reflexivity.
Qed.

Lemma word_bits : forall w v b, is_word w v = true -> Z.of_nat w <= b -> Z.testbit v b = false.
Proof.
  intros w v b H B. apply is_word_range in H. rewrite <- (Z.mod_small v (size w)) by exact H. apply Z.mod_pow2_bits_high. lia.
Qed.

Lemma alu_word : forall w o a x v, (1 <= w)%nat -> is_word w a = true -> is_word w x = true -> alu w o a x = Some v ->
  is_word w v = true.
Proof.
  intros w o a x v W A X E. pose proof (size_positive w) as Z0.
  assert (Two : 2 <= size w).
  { unfold size. change 2 with (2 ^ 1) at 1. apply Z.pow_le_mono_r; lia. }
  assert (One : is_word w 1 = true) by (apply is_word_range; lia).
  pose proof A as A'. pose proof X as X'. apply is_word_range in A', X'.
  assert (D : forall k, 0 < k -> is_word w (a / k) = true).
  { intros k K. apply is_word_range. split; [apply Z.div_pos; lia|]. apply Z.div_lt_upper_bound; [exact K|]. nia. }
  destruct o; cbn in E; try discriminate; injection E as <-; try apply modulo_word; try exact X.
  - apply bits_word; [apply Z.land_nonneg; lia|]. intros b B. rewrite Z.land_spec, (word_bits w a b A B). reflexivity.
  - apply bits_word; [apply Z.lor_nonneg; lia|]. intros b B.
    rewrite Z.lor_spec, (word_bits w a b A B), (word_bits w x b X B). reflexivity.
  - apply bits_word; [apply Z.lxor_nonneg; lia|]. intros b B.
    rewrite Z.lxor_spec, (word_bits w a b A B), (word_bits w x b X B). reflexivity.
  - apply D. lia.
  - destruct (a <? x); [exact One|apply zero_word].
  - destruct (a =? x); [exact One|apply zero_word].
  - destruct (x <? Z.of_nat w); [apply modulo_word|apply zero_word].
  - destruct (x <? Z.of_nat w); [|apply zero_word]. apply D. apply Z.pow_pos_nonneg; lia.
Qed.

(* The effect of a processor on words: a program counter that is a word, and a write of a word. *)
Record effective (w M : nat) (e : effect) : Prop := {
  e_next : is_word w (next e) = true;
  e_register : forall r v, writes e = Some (ToRegister r v) -> 0 <= r < 8 /\ is_word w v = true;
  e_memory : forall a v, writes e = Some (ToMemory a v) -> 0 <= a < Z.of_nat M /\ is_word w v = true }.

Section Act.
Variables (w : nat) (ext : bool) (p : program) (c : configuration).
Hypothesis V : valid w ext p = true.
Hypothesis W : worded w c.

Lemma nth_word : forall l i, (forall v, In v l -> is_word w v = true) -> is_word w (nth i l 0) = true.
Proof.
  intros l i H. destruct (nth_in_or_default i l 0) as [I|E]; [exact (H _ I)|]. rewrite E. apply zero_word.
Qed.

Lemma act_effective : forall pid q, is_word w pid = true -> In q (processors_of c) ->
  effective w (length (memory c)) (act w p c pid q).
Proof.
  intros pid q B I. pose proof (w_pc _ _ W q I) as Wp. pose proof (valid_parts w ext p V) as (_ & _ & F).
  assert (Stop : forall s, effective w (length (memory c)) {| next := pc q; after := s; writes := None |}).
  { intros s. split; cbn; [exact Wp|discriminate|discriminate]. }
  unfold act. cbv zeta. destruct (negb (runs q)); [apply Stop|].
  destruct (Z.leb_spec (Z.of_nat (length (instructions p))) (pc q)) as [_|Low]; [apply Stop|].
  set (i := nth _ (instructions p) _). assert (Wf : well_formed w ext i = true).
  { apply F. apply nth_In. apply is_word_range in Wp. lia. }
  clearbody i. clear F Low.
  set (read := fun o => match o with Absent => 0 | Register r => nth (Z.to_nat r) (registers q) 0 | Immediate v => v end).
  assert (Rd : forall o, (forall v, o = Immediate v -> is_word w v = true) -> is_word w (read o) = true).
  { intros [|r|v] H; cbn; [apply zero_word| |exact (H v eq_refl)]. apply nth_word. intros u U.
    exact (w_registers _ _ W q u I U). }
  assert (Ra : is_word w (read (ra i)) = true).
  { apply Rd. intros v E. unfold well_formed in Wf. rewrite E in Wf. destruct (op i); cbn in Wf;
      rewrite ?andb_false_r in Wf; discriminate. }
  assert (Rx : is_word w (read (rx i)) = true).
  { apply Rd. intros v E. unfold well_formed in Wf. rewrite E in Wf. cbn [register immediate absent orb] in Wf.
    destruct (op i); rewrite ?andb_false_r in Wf; try discriminate; rewrite ?andb_true_iff in Wf; tauto. }
  assert (Rs : is_word w (read (rd i)) = true).
  { apply Rd. intros v E. unfold well_formed in Wf. rewrite E in Wf. destruct (op i); cbn in Wf;
      rewrite ?andb_false_r in Wf; try discriminate; destruct ext; discriminate. }
  assert (Go : forall v, is_word w v = true -> effective w (length (memory c)) {| next := (pc q + 1) mod size w;
    after := Running;
    writes := match rd i with Register r => Some (ToRegister r v) | _ => None end |}).
  { intros v Wv. split; cbn [next writes]; [apply modulo_word| |].
    - intros r u E. destruct (rd i) as [|r'|] eqn:D; try discriminate. injection E as <- <-. split; [|exact Wv].
      unfold well_formed in Wf. rewrite D in Wf. cbn [register absent] in Wf.
      assert (R : (0 <=? r') && (r' <? 8) = true).
      { destruct (op i); rewrite ?andb_false_l, ?andb_true_iff in Wf; try discriminate; rewrite ?andb_true_iff; tauto. }
      rewrite andb_true_iff, Z.leb_le, Z.ltb_lt in R. exact R.
    - intros a u E. destruct (rd i); discriminate. }
  assert (Jump : forall n, is_word w n = true -> effective w (length (memory c)) {| next := n; after := Running;
    writes := None |}).
  { intros n Wn. split; cbn; [exact Wn|discriminate|discriminate]. }
  assert (Alu : forall v, alu w (op i) (read (ra i)) (read (rx i)) = Some v -> is_word w v = true).
  { intros v E. apply (alu_word w (op i) (read (ra i)) (read (rx i)) v); trivial.
    pose proof (program_fits w ext p V). lia. }
  destruct (op i) eqn:O; try exact (Go _ (Alu _ eq_refl)).
  - apply Stop.
  - destruct (_ <=? _); [apply Stop|]. apply Go. apply nth_word. exact (w_memory _ _ W).
  - match goal with |- context [if ?b then _ else _] => destruct b eqn:Out end; [apply Stop|].
    split; cbn [next writes]; [apply modulo_word|discriminate|]. intros a v E. injection E as <- <-. split; [|exact Rs].
    apply Z.leb_gt in Out. split; [|exact Out]. apply Z.mod_pos_bound, size_positive.
  - apply Jump. exact Rx.
  - apply Jump. destruct (_ =? 0); [exact Rx|apply modulo_word].
  - apply Jump. destruct (_ =? 0); [apply modulo_word|exact Rx].
  - apply Go. exact B.
  - apply Go. apply modulo_word.
Qed.
End Act.

Lemma step_worded : forall w ext p c, valid w ext p = true -> sized (length (initial p)) (processors p) c -> worded w c ->
  worded w (step w p c).
Proof.
  intros w ext p c V S W. pose proof (program_fits w ext p V) as (_ & Pf & _).
  assert (A : forall e, In e (effects w p c) -> effective w (length (memory c)) e).
  { intros e I. unfold effects in I. apply in_map_iff in I as ([pid q] & <- & I). apply in_numbered_at in I as [B N].
    apply (act_effective w ext p c V W); [|exact (nth_error_In _ _ N)].
    apply (below_word w (Z.of_nat (processors p))); [|exact Pf].
    rewrite <- (count _ _ _ S). assert (Z.to_nat pid < length (processors_of c))%nat by (apply nth_error_Some; congruence).
    lia. }
  unfold step, apply. split; cbn [memory processors_of].
  - intros v I. apply in_map_iff in I as ([a u] & <- & I). apply in_numbered in I.
    destruct (stored a (effects w p c)) as [v|] eqn:E; [|exact (w_memory _ _ W u I)].
    apply stored_some in E as (n & e & N & We & _). apply (e_memory _ _ _ (A e (nth_error_In _ _ N)) a v We).
  - intros q v I J. apply in_map_iff in I as ([q' e] & <- & I). pose proof (in_combine_l _ _ _ _ I) as Iq.
    apply in_combine_r in I. unfold apply_effect in J. cbn [registers] in J.
    destruct (writes e) as [[r u|a u]|] eqn:E; try exact (w_registers _ _ W q' v Iq J).
    apply in_map_iff in J as ([k x] & <- & J). apply in_numbered in J. destruct (k =? r).
    + apply (e_register _ _ _ (A e I) r u E).
    + exact (w_registers _ _ W q' x Iq J).
  - intros q I. apply in_map_iff in I as ([q' e] & <- & I). apply in_combine_r in I. exact (e_next _ _ _ (A e I)).
Qed.

Theorem reached_worded : forall w ext p t, valid w ext p = true -> worded w (reached w p t).
Proof.
  intros w ext p t V. induction t as [|t IH]; [|exact (step_worded w ext p _ V (reached_sized w p t) IH)]. split; cbn.
  - unfold valid in V. rewrite !andb_true_iff, !forallb_forall in V. tauto.
  - intros q v I J. apply repeat_spec in I. rewrite I in J. cbn in J.
    repeat (destruct J as [<-|J]; [apply zero_word|]). destruct J.
  - intros q I. apply repeat_spec in I. rewrite I. apply zero_word.
Qed.

Lemma effect_effective : forall w ext p c pid, valid w ext p = true -> sized (length (initial p)) (processors p) c -> worded w
  c ->
  0 <= pid < Z.of_nat (processors p) -> effective w (length (initial p)) (effect_of w p c pid).
Proof.
  intros w ext p c pid V S W B. rewrite <- (words _ _ _ S). apply (act_effective w ext p c V W).
  - pose proof (program_fits w ext p V). apply (below_word w (Z.of_nat (processors p))); lia.
  - apply nth_In. rewrite (count _ _ _ S). lia.
Qed.
