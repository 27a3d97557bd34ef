(* One processor's step at a position: what it computes from what is read there, for every operation, at every width. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepWords StepArithmetic.
From Efasp Require Form Gates.
Import ListNotations.
Open Scope Z_scope.

(* What is read at a position: an operation or none, a counter with its status or none. *)
Definition is_one (o : option operation) (p : operation) : bool :=
  match o with Some q => op_number q =? op_number p | None => false end.
Definition present {A} (o : option A) : bool := match o with Some _ => true | None => false end.
Definition operation_as (i : fetched) (o : option operation) (h : vector) : Prop :=
  (forall p, flag (is_op i p) (is_one o p) h) /\ flag (total (operation_of i)) (present o) h.
Definition has_status (s : option status) (t : status) : bool :=
  match s with Some r => mark_number r =? mark_number t | None => false end.
Definition statuses : list status := [Running; Halted; LoadFault; StoreFault; CounterFault].
Definition status_as (fs : list form) (s : option status) (h : vector) : Prop :=
  Forall2 (fun f t => flag f (has_status s t) h) fs statuses.
Definition counter_as (w : nat) (c : counter) (n : Z) (s : option status) (h : vector) : Prop :=
  word w (at_word c) n h /\ status_as (at_status c) s h.

(* What a step computes: of the operation, the words a, d and x, the word l that a load reads and whether it is there, the
   processor's number, and the counter n. *)
Section Values.
Variables (w : nat) (o : option operation) (a d x l pid n : Z) (ok : bool).
Definition result_value : Z :=
  match o with
  | None | Some (Halt | Jmp | Jz | Jnz) => 0
  | Some Ld => l | Some St => if ok then d else 0 | Some Pid => pid | Some Nproc => x
  | Some p => match alu w p a x with Some v => v | None => 0 end
  end.
Definition next_value : Z :=
  let onward := (n + 1) mod size w in
  match o with
  | None | Some Halt => n
  | Some (Ld | St) => if ok then onward else n
  | Some Jmp => x | Some Jz => if a =? 0 then x else onward | Some Jnz => if a =? 0 then onward else x
  | Some _ => onward
  end.
Definition next_status (s : option status) : option status :=
  match o with
  | None => match s with Some Running => Some CounterFault | _ => s end
  | Some Halt => Some Halted
  | Some Ld => Some (if ok then Running else LoadFault) | Some St => Some (if ok then Running else StoreFault)
  | Some _ => Some Running
  end.
Definition stores_value : bool := is_one o St && ok.
Definition names_value : bool :=
  match o with
  | None | Some (Halt | St | Jmp | Jz | Jnz) => false
  | Some Ld => ok
  | Some _ => true
  end.
End Values.

Lemma flag_is : forall f b c h, flag f b h -> b = c -> flag f c h.
Proof. intros f b c h F <-. exact F. Qed.

Lemma word_is : forall w fs u v h, word w fs u h -> u = v -> word w fs v h.
Proof. intros w fs u v h F <-. exact F. Qed.

(* Sums of several flags of the operation. *)
Lemma any_worth : forall i o h l, operation_as i o h -> worth (any_op i l) h (fold_right Z.add 0 (map (fun p => Z.b2z (is_one o
  p)) l)).
Proof.
  intros i o h l (F & _). unfold any_op. apply total_worth. induction l as [|p l IH]; [constructor|]. cbn [map].
  constructor; [apply F|exact IH].
Qed.

Lemma total_first : forall n g, Form.total (S n) g = g O + Form.total n (fun i => g (S i)).
Proof.
  induction n as [|n IH]; intros g; [cbn; lia|]. change (Form.total (S (S n)) g) with (Form.total (S n) g + g (S n)).
  rewrite IH. cbn [Form.total]. lia.
Qed.

Lemma combined_pairs : forall c fs value e h, (forall i, (i < length fs)%nat -> worth (bit fs i) h (value i)) ->
  worth (combined (map (pair c) fs) e) h (c * Form.total (length fs) value + e).
Proof.
  intros c fs value e h. revert value. induction fs as [|f fs IH]; intros value W.
  - apply (worth_is _ _ e); [apply worth_combined_nil|cbn [length Form.total]; lia].
  - cbn [map length]. rewrite total_first.
    apply (worth_is _ _ (c * value O + (c * Form.total (length fs) (fun i => value (S i)) + e))); [|ring].
    apply worth_combined; [apply (W O); cbn; lia|]. apply IH. intros i I. apply (W (S i)). cbn. lia.
Qed.

(* The bits of a word as parts of a sum. *)
Lemma bits_weighed : forall c fs value e, weighed (map (of_bit c) fs) (map value (seq 0 (length fs))) e =
  c * Form.total (length fs) value + e.
Proof.
  intros c fs value e. revert value. induction fs as [|f fs IH]; intros value; [unfold weighed; cbn;
    rewrite Z.mul_0_r; reflexivity|].
  cbn [length]. rewrite total_first. cbn [seq map]. rewrite <- seq_shift, map_map. specialize (IH (fun i => value (S i))).
  unfold weighed in *. cbn [combine fold_right of_bit]. rewrite IH. ring.
Qed.

Lemma bit_parts : forall fold c fs (t : nat -> bool) h, (forall i, (i < length fs)%nat -> worth (bit fs i) h (2 * Z.b2z (t i))) ->
  parts_as fold (map (of_bit c) fs) (map (fun p => 2 * Z.b2z (t p)) (seq 0 (length fs))) h.
Proof.
  intros fold c fs. induction fs as [|f fs IH]; intros t h W; [constructor|]. cbn [length seq map]. constructor.
  - split; [apply (W O); cbn; lia|]. intros _. cbn [fst snd]. destruct (t O); cbn [Z.b2z]; lia.
  - rewrite <- seq_shift, map_map. apply (IH (fun i => t (S i))). intros i I. apply (W (S i)). cbn. lia.
Qed.

Section Execute.
Variables (first : nat) (ns : list written) (hs : list vector).
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variables (w : nat) (log ext : bool) (code : option (list instruction)).
Let fold : bool := folded code.
Hypothesis wide : (1 <= w)%nat.
Notation unit := (sound_unit_of first ns hs model fold _ _).

Lemma two_parts : forall k j f g b c h, flag f b h -> flag g c h ->
  parts_as fold [of_flag k f; of_flag j g] [Z.b2z b; Z.b2z c] h.
Proof.
  intros k j f g b c h B C. constructor; [split; [exact B|intros _; exact (flag_bounds b)]|].
  constructor; [split; [exact C|intros _; exact (flag_bounds c)]|constructor].
Qed.

(* o, and a = 0; at scale 2. *)
Lemma sound_is_zero : forall f a, sound (unit_of fold (of_flag 2 f :: map (of_bit (-1)) a) 0) (fun g => forall h b u,
  In h hs ->
  flag f b h -> word w a u h -> worth g h (2 * Z.b2z (b && (u =? 0)))).
Proof.
  intros f a. apply (sound_more _ _ _ _ _ _ unit). intros g G h b u I F A.
  pose proof (Gates.count_none w _ (bits_bool w u)) as N. rewrite (val_bool w u) in N by apply A.
  pose proof (Gates.count_bounds w _ (bits_bool w u)) as B. destruct A as (R & L & A).
  apply (worth_is _ _ (Z.max 0 (2 * Z.b2z b + (-1 * Form.total (length a) (fun p => 2 * Z.b2z (Z.testbit u (Z.of_nat
    p))) + 0)))).
  - assert (P : parts_as fold (of_flag 2 f :: map (of_bit (-1)) a) (Z.b2z b ::
      map (fun p => 2 * Z.b2z (Z.testbit u (Z.of_nat p))) (seq 0 (length a))) h).
    { constructor; [split; [exact F|intros _; exact (flag_bounds b)]|].
      exact (bit_parts fold (-1) a (fun p => Z.testbit u (Z.of_nat p)) h (fun i _ => A i)). }
    apply (worth_is _ _ _ _ (G h _ I P)). clear P. pose proof (bits_weighed (-1) a (fun p => 2 * Z.b2z (Z.testbit u
      (Z.of_nat p))) 0) as E.
    unfold weighed in *. cbn [combine fold_right of_flag]. rewrite E. reflexivity.
  - rewrite L, Form.total_scale. fold (Gates.count w (fun p => Z.b2z (Z.testbit u (Z.of_nat p)))).
    destruct b; cbn [andb Z.b2z]; [|lia]. destruct (Z.eqb_spec u 0) as [E|E]; cbn [Z.b2z].
    + apply Z.eqb_eq in N. lia.
    + apply Z.eqb_neq in N. lia.
Qed.

(* A flag that is the sum of two, less one. *)
Lemma sound_both : forall f g, sound (unit_of fold [of_flag 1 f; of_flag 1 g] (-1)) (fun r => forall h b c,
  In h hs -> flag f b h ->
  flag g c h -> flag r (b && c) h).
Proof.
  intros f g. apply (sound_more _ _ _ _ _ _ unit). intros r H h b c I B C.
  apply (worth_is _ _ _ _ (H h [Z.b2z b; Z.b2z c] I (two_parts _ _ f g b c h B C))). destruct b, c; reflexivity.
Qed.

Lemma sound_without : forall f g, sound (unit_of fold [of_flag 1 f; of_flag (-1) g] 0) (fun r => forall h b c, In h hs ->
  flag f b h -> flag g c h -> flag r (b && negb c) h).
Proof.
  intros f g. apply (sound_more _ _ _ _ _ _ unit). intros r H h b c I B C.
  apply (worth_is _ _ _ _ (H h [Z.b2z b; Z.b2z c] I (two_parts _ _ f g b c h B C))). destruct b, c; reflexivity.
Qed.

(* The cases of the result, each with its flag. *)
Definition cases_value (o : option operation) (a x l pid : Z) : list (bool * Z) :=
  [(is_one o Add, (a + x) mod size w); (is_one o Sub, (a - x) mod size w); (is_one o And, Z.land a x);
   (is_one o Or, Z.lor a x); (is_one o Xor, Z.lxor a x); (is_one o Shl, 2 * a mod size w); (is_one o Shr, a / 2);
   (is_one o Slt, Z.b2z (a <? x)); (is_one o Seq, Z.b2z (a =? x))] ++
  (if ext then [(is_one o Mul, a * x mod size w)] else []) ++
  [(is_one o Mov || is_one o Nproc, x); (is_one o Ld, l); (is_one o Pid, pid)].
Definition cases_as (cases : list (form * list form)) (given : list (bool * Z)) (h : vector) : Prop :=
  Forall2 (fun '(f, a) '(b, v) => flag f b h /\ word w a v h) cases given.

Lemma sound_results : forall i a x loaded, sound (results_of w log ext code i a x loaded) (fun cases => forall h o u v l pid,
  In h hs -> operation_as i o h -> word w a u h -> word w x v h -> word w loaded l h -> word w (index_word w log ext) pid h ->
  cases_as cases (cases_value o u v l pid) h).
Proof.
  intros i a x loaded. unfold results_of. set (idx := index_word w log ext).
  assert (C : forall p rows_of f, sound (on_words fold rows_of w a x) (gives_word hs w a x w f) ->
    sound (r <- on_words fold rows_of w a x;; give (is_op i p, r)) (fun c => fst c = is_op i p /\ gives_word hs w a x w f (snd c))).
  { intros p rows_of f S. apply (sound_bind _ _ _ _ _ _ _ _ S). intros r R. apply sound_give. split; [reflexivity|exact R]. }
  apply (sound_bind _ _ _ _ _ _ _ _ (C Add _ _ (sound_add first ns hs model fold w a x))). intros [f1 r1] (E1 & R1).
  apply (sound_bind _ _ _ _ _ _ _ _ (C Sub _ _ (sound_sub first ns hs model fold w a x))). intros [f2 r2] (E2 & R2).
  apply (sound_bind _ _ _ _ _ _ _ _ (C And _ _ (sound_and first ns hs model fold w a x))). intros [f3 r3] (E3 & R3).
  apply (sound_bind _ _ _ _ _ _ _ _ (C Or _ _ (sound_or first ns hs model fold w a x))). intros [f4 r4] (E4 & R4).
  apply (sound_bind _ _ _ _ _ _ _ _ (C Xor _ _ (sound_xor first ns hs model fold w a x))). intros [f5 r5] (E5 & R5).
  apply (sound_bind _ _ _ _ _ _ _ _ (C Shl _ _ (sound_shl first ns hs model fold w a x))). intros [f6 r6] (E6 & R6).
  apply (sound_bind _ _ _ _ _ _ _ _ (C Shr _ _ (sound_shr first ns hs model fold w a x))). intros [f7 r7] (E7 & R7).
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_less first ns hs model fold w a x)). intros lt R8.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_equal first ns hs model fold w a x)). intros eq R9.
  apply (sound_bind _ _ _ _ _ _ (fun m => forall h o u v, In h hs -> operation_as i o h -> word w a u h -> word w x v h ->
    cases_as m (if ext then [(is_one o Mul, u * v mod size w)] else []) h)).
  - destruct ext.
    + apply (sound_bind _ _ _ _ _ _ _ _ (sound_multiplied first ns hs model fold w a x)). intros p R.
      apply sound_give. intros h o u v I O A X. constructor; [|constructor]. split; [apply O|exact (R h u v I A X)].
    + apply sound_give. intros. constructor.
  - intros m M. apply sound_give. intros h o u v l pid I O A X Ld_ Pid_. cbn [fst snd] in *. subst.
    unfold cases_as, cases_value. cbn [app]. pose proof (proj1 O) as F.
    repeat (constructor; [split; [apply F|] |]);
      [exact (R1 h u v I A X)|exact (R2 h u v I A X)|exact (R3 h u v I A X)|exact (R4 h u v I A X)|exact (R5 h u v I A X)
      |exact (R6 h u v I A X)|exact (R7 h u v I A X)|apply word_of_bit; [exact wide|exact (R8 h u v I A X)]
      |apply word_of_bit; [exact wide|exact (R9 h u v I A X)]|].
    apply Forall2_app; [exact (M h o u v I O A X)|].
    constructor; [split; [|exact X]|constructor; [split; [apply F|exact Ld_]|constructor; [split;
      [apply F|exact Pid_]|constructor]]].
    eapply worth_is; [exact (any_worth i o h [Mov; Nproc] O)|]. destruct o as [o|]; [destruct o|]; reflexivity.
Qed.

Lemma sound_result : forall i ops loaded valid, sound (result_of w log ext code i ops loaded valid) (fun r => forall h o a d x l pid
  ok,
  In h hs -> operation_as i o h -> (forall p, o = Some p -> In p (operations ext)) ->
  word w (value_a ops) a h -> word w (value_d ops) d h -> word w (value_x ops) x h -> word w loaded l h ->
  word w (index_word w log ext) pid h -> flag valid ok h -> word w r (result_value w o a d x l pid ok) h).
Proof.
  intros i ops loaded valid. unfold result_of. cbv zeta.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_results i (value_a ops) (value_x ops) loaded)). intros cases C.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_by first ns hs model fold w [is_op i St; valid] (value_d ops))). intros kept K.
  apply (sound_bind _ _ _ _ _ _ (fun m => forall h o u v, In h hs -> operation_as i o h -> word w (value_a ops) u h ->
    word w (value_x ops) v h -> Forall2 (fun fs z => word w fs z h) m (if ext then
      [shifted w (fun u v => u * 2 ^ v mod size w) u v (is_one o Shlx); shifted w (fun u v => u / 2 ^ v) u v (is_one o Shrx)]
      else []))).
  - destruct ext; [|apply sound_give; intros; constructor].
    apply (sound_bind _ _ _ _ _ _ _ _ (sound_shifted_left first ns hs model fold w (value_a ops) (value_x ops) _)). intros sl L.
    apply (sound_bind _ _ _ _ _ _ _ _ (sound_shifted_right first ns hs model fold w (value_a ops) (value_x ops) _)). intros sr R.
    apply sound_give. intros h o u v I O A X. constructor; [|constructor; [|constructor]].
    + exact (L h u v _ I A X (proj1 O Shlx)).
    + exact (R h u v _ I A X (proj1 O Shrx)).
  - intros shifts S. apply (sound_bind _ _ _ _ _ _ _ _ (sound_chosen first ns hs model fold w cases)). intros c H.
    apply sound_give. intros h o a d x l pid ok I O N A D X Ld_ Pid_ V.
    specialize (C h o a x l pid I O A X Ld_ Pid_). specialize (H h _ I C).
    specialize (K h [is_one o St; ok] d I). specialize (S h o a x I O A X).
    assert (W : apart (map (fun '(b, v) => if b : bool then v else 0) (cases_value o a x l pid))).
    { clear. unfold cases_value. destruct o as [o|]; [destruct o|]; destruct ext;
        cbn [map app is_one op_number Z.eqb Pos.eqb orb];
        repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact I. }
    specialize (H W). clear C W. eapply word_is.
    + eapply sums_word.
      * constructor; [exact H|]. constructor; [|exact S]. apply K; [|exact D].
        constructor; [apply O|]. constructor; [exact V|constructor].
      * clear - N. unfold cases_value, shifted. destruct o as [o|]; [destruct o|]; destruct ext;
          cbn [map app is_one op_number Z.eqb Pos.eqb orb andb forallb fold_right];
          repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact I.
    + clear - N. unfold cases_value, shifted, result_value, alu. destruct o as [o|]; [destruct o|]; destruct ext;
        cbn [map app is_one op_number Z.eqb Pos.eqb orb andb forallb fold_right];
        rewrite ?Z.add_0_l, ?Z.add_0_r, ?andb_true_r; try reflexivity;
        try (specialize (N _ eq_refl); cbn in N; intuition discriminate).
Qed.

(* The next counter. *)
Definition takes (o : option operation) (u : Z) : bool := is_one o Jmp || is_one o Jz && (u =? 0) || is_one o Jnz && negb (u =?
  0).
Definition remains (o : option operation) (ok : bool) : bool :=
  match o with None | Some Halt => true | Some (Ld | St) => negb ok | _ => false end.

Lemma sound_next : forall c i a x valid, sound (next_of w code c i a x valid) (fun r => forall h o s n u v ok, In h hs ->
  counter_as w c n s h -> operation_as i o h -> (present o = true -> s = Some Running) -> word w a u h -> word w x v h ->
  flag valid ok h -> (ok = true -> o = Some Ld \/ o = Some St) ->
  counter_as w r (next_value w o u v n ok) (next_status o ok s) h).
Proof.
  intros c i a x valid. unfold next_of. cbv zeta.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_is_zero (is_op i Jz) a)). intros z Z0.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_is_zero (is_op i Jnz) a)). intros n N0.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_increment first ns hs model fold w (at_word c))). intros next I0.
  set (taken := combined [(2, is_op i Jmp); (1, z); (2, is_op i Jnz); (-1, n)] 0).
  set (stays := combined [(-1, total (operation_of i)); (1, is_op i Halt); (1, is_op i Ld); (1, is_op i St); (-1, valid)] 1).
  set (onward := combined [(-1, taken); (-2, stays)] 2).
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated first ns hs model fold w stays (at_word c))). intros g1 G1.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gate first ns hs model fold w taken x)). intros g2 G2.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gate first ns hs model fold w onward next)). intros g3 G3.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_without (is_op i Ld) valid)). intros lf Lf.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_without (is_op i St) valid)). intros sf Sf.
  apply sound_give. intros h o s m u v ok I (C & S) (F & P) R A X V K.
  assert (T : worth taken h (2 * Z.b2z (takes o u))).
  { eapply worth_is; [repeat (apply worth_combined; [first [apply F | exact (Z0 h _ u I (F Jz) A) | exact (N0 h _ u I (F Jnz)
      A)]|]);
      apply worth_combined_nil|].
    unfold takes. destruct o as [o|]; [destruct o|]; destruct (u =? 0); reflexivity. }
  assert (W : flag stays (remains o ok) h).
  { eapply worth_is; [repeat (apply worth_combined; [first [exact P | apply F | exact V]|]); apply worth_combined_nil|].
    destruct o as [o|]; [destruct o|]; destruct ok; try reflexivity; destruct (K eq_refl); discriminate. }
  assert (Y : worth onward h (2 * Z.b2z (negb (takes o u) && negb (remains o ok)))).
  { eapply worth_is; [apply worth_combined; [exact T|apply worth_combined; [exact W|apply worth_combined_nil]]|].
    unfold takes. destruct o as [o|]; [destruct o|]; destruct (u =? 0), ok; try reflexivity; destruct (K eq_refl);
      discriminate. }
  split; cbn [at_word at_status].
  - eapply word_is.
    + eapply sums_word.
      * constructor; [exact (G1 h _ m I W C)|]. constructor; [exact (G2 h _ v I T X)|]. constructor; [|constructor].
        exact (G3 h _ _ I Y (I0 h m I C)).
      * clear. unfold takes. destruct o as [o|]; [destruct o|]; destruct ok, (u =? 0);
          cbn [remains is_one op_number Z.eqb Pos.eqb orb andb negb];
          repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact I.
    + unfold next_value, takes. destruct o as [o|]; [destruct o|]; destruct ok, (u =? 0);
        cbn [remains is_one op_number Z.eqb Pos.eqb orb andb negb fold_right]; rewrite ?Z.add_0_l, ?Z.add_0_r;
        try reflexivity; destruct (K eq_refl); discriminate.
  - specialize (Lf h _ _ I (F Ld) V). specialize (Sf h _ _ I (F St) V).
    unfold status_as, statuses in S. inversion S as [|f0 t0 fs0 ts0 S0 Q0 E0]; subst.
    inversion Q0 as [|f1 t1 fs1 ts1 S1 Q1]; subst.
    inversion Q1 as [|f2 t2 fs2 ts2 S2 Q2]; subst. inversion Q2 as [|f3 t3 fs3 ts3 S3 Q3]; subst.
    inversion Q3 as [|f4 t4 fs4 ts4 S4 Q4]; subst. unfold bit. cbn [nth].
    assert (Rn : present o = true -> s = Some Running) by exact R.
    repeat constructor; (eapply worth_is; [first
      [repeat (apply worth_combined; [first [exact P | exact Lf | exact Sf | apply F | exact S0 | exact S1 | exact S2 | exact
        S3 | exact S4]|]);
       apply worth_combined_nil
      |apply total_worth; repeat (constructor; [first [exact Lf | exact Sf | apply F | exact S1 | exact S2 | exact S3]|]);
        constructor]|]);
      destruct o as [o|]; [destruct o; rewrite (R eq_refl)| |destruct o; rewrite (R eq_refl)| |destruct o; rewrite (R eq_refl)|
      |destruct o; rewrite (R eq_refl)| |destruct o; rewrite (R eq_refl)|]; destruct ok; try reflexivity;
      try (destruct (K eq_refl); discriminate); destruct s as [[]|]; reflexivity.
Qed.

(* What a step gives, of what is read. *)
Record outcome_as (out : outcome) (n : Z) (s : option status) (address result : Z) (store names : bool) (r : option Z)
    (h : vector) : Prop := {
  counter_right : counter_as w (counter_out out) n s h;
  address_right : word w (address_out out) address h;
  result_right : word w (result_out out) result h;
  store_right : flag (stores out) store h;
  names_right : flag (writes_name out) names h;
  name_right : name (name_out out) r h;
  bounds_right : name_within (bounds_out out) r
}.
Record operands_as (ops : operands) (a d x : Z) (h : vector) : Prop := {
  a_right : word w (value_a ops) a h; d_right : word w (value_d ops) d h; x_right : word w (value_x ops) x h
}.

Theorem sound_finish : forall c i ops address loaded valid, sound (finish w log ext code c i ops address loaded valid)
  (fun out => forall h o s n a d x ad l pid ok r, In h hs ->
    counter_as w c n s h -> operation_as i o h -> operands_as ops a d x h -> word w address ad h -> word w loaded l h ->
    word w (index_word w log ext) pid h -> flag valid ok h -> name (name_d i) r h -> name_within (bounds_d i) r ->
    (present o = true -> s = Some Running) -> (forall p, o = Some p -> In p (operations ext)) ->
    (ok = true -> o = Some Ld \/ o = Some St) ->
    outcome_as out (next_value w o a x n ok) (next_status o ok s) ad (result_value w o a d x l pid ok) (stores_value o ok)
      (names_value o ok) r h).
Proof.
  intros c i ops address loaded valid. unfold finish.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_result i ops loaded valid)). intros result R.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both (is_op i Ld) valid)). intros loads Lo.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_next c i (value_a ops) (value_x ops) valid)). intros next N.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both (is_op i St) valid)). intros store St_.
  apply sound_give. intros h o s n a d x ad l pid ok r I C O [A D X] Ad Ld_ Pid_ V Nm Bd Run In_ K.
  split; cbn [counter_out address_out result_out stores writes_name name_out bounds_out].
  - exact (N h o s n a x ok I C O Run A X V K).
  - exact Ad.
  - exact (R h o a d x l pid ok I O In_ A D X Ld_ Pid_ V).
  - exact (St_ h _ _ I (proj1 O St) V).
  - eapply worth_is.
    + apply total_worth. constructor; [exact (any_worth i o h _ O)|]. constructor;
        [exact (Lo h _ _ I (proj1 O Ld) V)|constructor].
    + unfold register_operations. clear - K In_. destruct o as [o|]; [destruct o|]; destruct ext, ok; try reflexivity;
        try (destruct (K eq_refl); discriminate); specialize (In_ _ eq_refl); cbn in In_; intuition discriminate.
  - exact Nm.
  - exact Bd.
Qed.
End Execute.
