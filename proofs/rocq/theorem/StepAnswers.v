(* What is read out of the step's outputs: tokens, where a code is put out; nothing, where all is 0; and the control bits. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepExecute StepOutput.
Import ListNotations.
Open Scope Z_scope.

Definition put_out (fs : list form) (h : vector) : vector := map (fun f => form_at f h) fs.

Lemma codes_known : forall w ext fs u h, known w ext u -> codes w ext fs u h -> reading w ext (put_out fs h) = Some u.
Proof. intros w ext fs u h K C. apply reading_code; [exact K|]. exact (codes_bare w ext fs u h C). Qed.

(* Where all is 0, all tokens have the same score. *)
Lemma dot_blank : forall c o, Forall (fun v => (v == 0)%Q) o -> (dot c o == 0)%Q.
Proof.
  intros c o F. revert c. induction F as [|v o E F IH]; intros [|[n d] c]; try reflexivity; [destruct n; reflexivity|].
  rewrite dot_step, E, (IH c). ring.
Qed.

Lemma reading_blank : forall w ext o, Forall (fun v => (v == 0)%Q) o -> reading w ext o = None.
Proof.
  intros w ext o F. unfold reading.
  assert (S : forall y, (dot (token_code w ext y) o == 0)%Q) by (intros y; apply dot_blank; exact F).
  assert (V : exists y z rest, vocabulary w ext = y :: z :: rest).
  { pose proof (proj2 (in_vocabulary w ext Nothing) Logic.I) as A. pose proof (proj2 (in_vocabulary w ext Bos) Logic.I) as B.
    destruct (vocabulary w ext) as [|y [|z rest]]; [destruct A| |exists y, z, rest; reflexivity].
    destruct A as [A|[]]. destruct B as [B|[]]. congruence. }
  destruct V as (y & z & rest & V). rewrite V. cbn [map snd].
  assert (T : (greatest (dot (token_code w ext y) o :: dot (token_code w ext z) o ::
      map snd (map (fun y => (y, dot (token_code w ext y) o)) rest)) == 0)%Q).
  { assert (G : forall l : list Q, l <> [] -> (forall q, In q l -> (q == 0)%Q) -> (greatest l == 0)%Q).
    { intros l N A. exact (A _ (greatest_member l N)). }
    apply G; [discriminate|]. intros q [<-|[<-|I]]; [apply S|apply S|]. rewrite map_map in I.
    apply in_map_iff in I as (x & <- & _).
    apply S. }
  revert T. generalize (greatest (dot (token_code w ext y) o :: dot (token_code w ext z) o ::
      map snd (map (fun y => (y, dot (token_code w ext y) o)) rest))). intros top T.
  assert (L : forall x, negb (Qle_bool (dot (token_code w ext x) o) (top - 1)) = true).
  { intros x. apply negb_true_iff. destruct (Qle_bool _ _) eqn:E; [|reflexivity]. apply Qle_bool_iff in E.
    rewrite (S x), T in E.
    exfalso. apply (Qle_not_lt _ _ E). reflexivity. }
  cbn [filter]. rewrite !L. reflexivity.
Qed.

(* A control bit is set where it is 1. *)
Lemma bit_set : forall v b, (v == inject_Z (Z.b2z b))%Q -> negb (Qle_bool v (1 # 2)) = b.
Proof.
  intros v b E. destruct (Qle_bool v (1 # 2)) eqn:L.
  - apply Qle_bool_iff in L. rewrite E in L. destruct b; [|reflexivity]. exfalso. apply (Qle_not_lt _ _ L). reflexivity.
  - destruct b; [reflexivity|]. exfalso. assert (X : Qle_bool v (1 # 2) = true); [|congruence].
    apply Qle_bool_iff. rewrite E. discriminate.
Qed.

