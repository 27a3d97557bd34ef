(* What every attention of the step in place reads, on the cells of any configuration, with the program or without: the matches
   of [efasp.pram.views.CellView], and that of a memory cell's writer. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Scalars Matching Positions Reached.
Import ListNotations.
Open Scope Z_scope.

(* The places of the cells: one a slot. *)
Definition cell_names (M P : nat) : list (Z -> place) :=
  map PMemory (numbers M) ++ flat_map (fun pid => map (PRegister pid) (numbers 8)) (numbers P) ++ map PCounter (numbers P).
Definition cell_place (M P : nat) (q : place) : Prop :=
  match q with
  | PMemory a _ => 0 <= a < Z.of_nat M
  | PRegister pid r _ => 0 <= pid < Z.of_nat P /\ 0 <= r < 8
  | PCounter pid _ => 0 <= pid < Z.of_nat P
  | _ => False
  end.
(* What a cell holds in a configuration. *)
Definition held (c : configuration) (q : place) : token :=
  match q with
  | PMemory a _ => word (at_address c a)
  | PRegister pid r _ => word (in_register c pid r)
  | PCounter pid _ => Word (state (self c pid)) (pc (self c pid))
  | _ => Nothing
  end.

Lemma held_unmasked : forall M P c q, cell_place M P q -> is_mask (held c q) = false /\ held c q <> Bos.
Proof. intros M P c [] H; try destruct H; split; (reflexivity || discriminate). Qed.

Lemma flat_map_map : forall A B C (g : A -> B) (f : B -> list C) l, flat_map f (map g l) = flat_map (fun a => f (g a)) l.
Proof. intros. rewrite !flat_map_concat_map, map_map. reflexivity. Qed.

Lemma cells_held : forall M P c, sized M P c -> cells c = map (fun f => held c (f 0)) (cell_names M P).
Proof.
  intros M P c S. unfold cells, cell_names. rewrite !map_app, !map_map. cbn [held]. f_equal; [|f_equal].
  - rewrite <- (list_numbers _ (memory c) 0) at 1. rewrite map_map, (words _ _ _ S). reflexivity.
  - rewrite <- (list_numbers _ (processors_of c) idle) at 1. rewrite (count _ _ _ S). rewrite flat_map_map.
    rewrite !flat_map_concat_map, concat_map, map_map. f_equal. apply map_ext_in. intros pid B. apply in_numbers in B.
    fold (self c pid). rewrite map_map. rewrite <- (list_numbers _ (registers (self c pid)) 0) at 1.
    rewrite map_map, (bank c M P S pid B). reflexivity.
  - rewrite <- (list_numbers _ (processors_of c) idle) at 1. rewrite map_map, (count _ _ _ S). reflexivity.
Qed.

Lemma cell_places_names : forall L M P,
  cell_places L M P = prompt_places L ++ flat_map (fun f => map f (numbers 2)) (cell_names M P).
Proof.
  intros L M P. unfold cell_places, cell_names. f_equal. rewrite !flat_map_app, !flat_map_map. f_equal. f_equal.
  induction (numbers P) as [|pid ps IH]; [reflexivity|]. cbn [flat_map]. rewrite flat_map_app, IH. reflexivity.
Qed.

Lemma names_length : forall M P, length (cell_names M P) = (M + 9 * P)%nat.
Proof.
  intros M P. unfold cell_names. rewrite !app_length, !map_length, (flat_length _ _ _ 8), !numbers_length by reflexivity. lia.
Qed.

Lemma names_places : forall M P f s, In f (cell_names M P) -> cell_place M P (f s).
Proof.
  intros M P f s H. unfold cell_names in H. rewrite !in_app_iff, !in_map_iff, in_flat_map in H.
  destruct H as [(a & <- & A)|[(pid & B & H)|(pid & <- & B)]].
  - apply in_numbers in A. exact A.
  - apply in_map_iff in H as (r & <- & R). apply in_numbers in B, R. split; [exact B|exact R].
  - apply in_numbers in B. exact B.
Qed.

(* The two positions of a cell, and all positions. *)
Definition pair (c : configuration) (f : Z -> place) (second : bool) : list position :=
  if second then [(Mask, f 0); (held c (f 0), f 1)] else [(held c (f 0), f 0); (Mask, f 1)].
Definition cell_sites (w : nat) (p : program) (c : configuration) (second : list bool) : list position :=
  combine (cell_tokens w p c second) (cell_places (length (instructions p)) (length (initial p)) (processors p)).

Section Sites.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (second : list bool).
Let M := length (initial p).
Let P := processors p.
Hypothesis V : valid w ext p = true.
Hypothesis S : sized M P c.
Hypothesis F : length second = (M + 9 * P)%nat.

Lemma sites_split : cell_sites w p c second = combine (prompt w p) (prompt_places (length (instructions p))) ++
  flat_map (fun '(f, s) => pair c f s) (combine (cell_names M P) second).
Proof.
  unfold cell_sites, cell_tokens. rewrite cell_places_names, combine_app.
  2: { rewrite prompt_length, prompt_places_length. reflexivity. }
  f_equal. fold M P. rewrite (cells_held M P c S). assert (N := names_length M P). rewrite <- F in N. clear - N. revert N.
  generalize second. induction (cell_names M P) as [|f fs IH]; intros [|s ss] N; try discriminate; [reflexivity|].
  injection N as N. cbn [map combine flat_map]. change (map f (numbers 2)) with [f 0; f 1].
  rewrite combine_app by (destruct s; reflexivity). rewrite (IH ss N). f_equal. destruct s; reflexivity.
Qed.

Lemma cells_programmed : programmed w p (cell_sites w p c second).
Proof. intros j H. rewrite sites_split. apply in_or_app. left. apply in_prompt. exact H. Qed.

(* A position of the cells: the prompt's, one that holds a cell's token, or a masked one. *)
Inductive cell_site : position -> Prop :=
  | site_prompt : forall j, prompt_site w p j -> cell_site j
  | site_held : forall q, cell_place M P q -> cell_site (held c q, q)
  | site_free : forall q, cell_place M P q -> cell_site (Mask, q).

Lemma held_slot : forall f s, In f (cell_names M P) -> held c (f s) = held c (f 0).
Proof.
  intros f s H. unfold cell_names in H. rewrite !in_app_iff, !in_map_iff, in_flat_map in H.
  destruct H as [(a & <- & A)|[(pid & B & H)|(pid & <- & B)]]; [reflexivity| |reflexivity].
  apply in_map_iff in H as (r & <- & R). reflexivity.
Qed.

Variable l : list position.
Hypothesis of_cells : positions_of (cell_sites w p c second) l.

Lemma site_of : forall j, In j l -> cell_site j.
Proof.
  intros j J. apply (of_full _ _ of_cells) in J. rewrite sites_split in J.
  apply in_app_or in J as [J|J]; [apply site_prompt, in_prompt, J|].
  apply in_flat_map in J as ([f s] & I & J). apply in_combine_l in I. pose proof (fun s => names_places M P f s I) as N.
  assert (H : forall s, cell_site (held c (f 0), f s)).
  { intros k. rewrite <- (held_slot f k I). apply site_held, N. }
  destruct s; destruct J as [<-|[<-|[]]]; (apply H || apply site_free, N).
Qed.

Lemma site_there : forall f, In f (cell_names M P) -> exists s, In (held c (f s), f s) l.
Proof.
  intros f I. assert (N := names_length M P). rewrite <- F in N. destruct (In_nth _ _ f I) as (n & K & E).
  set (b := nth n second false). assert (B : In (f, b) (combine (cell_names M P) second)).
  { rewrite <- E. unfold b. rewrite <- combine_nth by exact N. apply nth_In. rewrite combine_length. lia. }
  exists (if b then 1 else 0). apply (but_program _ _ of_cells).
  - rewrite sites_split. apply in_or_app. right. apply in_flat_map. exists (f, b). split; [exact B|].
    rewrite (held_slot f _ I). destruct b; [right; left; reflexivity|left; reflexivity].
  - pose proof (names_places M P f (if b then 1 else 0) I) as H. unfold at_program. destruct (f _); (reflexivity || destruct H).
Qed.

Lemma memory_there : forall a, 0 <= a < Z.of_nat M -> exists s, In (word (at_address c a), PMemory a s) l.
Proof.
  intros a A. apply (site_there (PMemory a)). unfold cell_names. apply in_or_app. left. apply in_map, in_numbers. exact A.
Qed.

Lemma register_there : forall pid r, 0 <= pid < Z.of_nat P -> 0 <= r < 8 ->
  exists s, In (word (in_register c pid r), PRegister pid r s) l.
Proof.
  intros pid r B R. apply (site_there (PRegister pid r)). unfold cell_names. apply in_or_app. right. apply in_or_app. left.
  apply in_flat_map. exists pid. split; [apply in_numbers; exact B|]. apply in_map, in_numbers. exact R.
Qed.

Lemma counter_there : forall pid, 0 <= pid < Z.of_nat P ->
  exists s, In (Word (state (self c pid)) (pc (self c pid)), PCounter pid s) l.
Proof.
  intros pid B. apply (site_there (PCounter pid)). unfold cell_names. apply in_or_app. right. apply in_or_app. right.
  apply in_map, in_numbers. exact B.
Qed.

Lemma cells_prompted : prompted w p l.
Proof.
  split.
  - intros j H. apply (but_program _ _ of_cells). exact (cells_programmed j H).
  - intros j J. destruct (site_of j J) as [j H|q H|q H]; [left; exact H|right|right].
    + destruct (held_unmasked M P c q H) as [_ N]. split; [destruct (held c q) eqn:E; cbn; rewrite ?E;
        (reflexivity || congruence)|].
      destruct q; try destruct H; exact I.
    + split; [reflexivity|]. destruct q; try destruct H; exact I.
Qed.

(* The matches. A processor's own counter; a register of its by name; a memory word at an address; the writer of a word. *)
Definition at_memory (j : position) : bool := match snd j with PMemory _ _ => true | _ => false end.
Definition at_register (j : position) : bool := match snd j with PRegister _ _ _ => true | _ => false end.
Definition at_counter (j : position) : bool := match snd j with PCounter _ _ => true | _ => false end.
Definition own_counter (pid : option Z) : matching position :=
  {| compared := [{| bits := w; wanted := pid; offered := index_of |}]; among := [at_counter]; exclude := [masked];
     rank := fun _ => 0; capacity := 1; refused := None; sink := is_bos |}.
Definition own_register (pid name : option Z) : matching position :=
  {| compared := [{| bits := w; wanted := pid; offered := index_of |}; {| bits := 3; wanted := name; offered := register_of |}];
     among := [at_register]; exclude := [masked]; rank := fun _ => 0; capacity := 1; refused := None; sink := is_bos |}.
Definition memory_word (address : option Z) (touches : bool) : matching position :=
  {| compared := [{| bits := w; wanted := address; offered := index_of |}]; among := [at_memory]; exclude := [masked];
     rank := fun _ => 0; capacity := 1; refused := Some (negb touches); sink := is_bos |}.
(* [target]: the address that the processor at a position computes, [stores]: whether it stores there. *)
Definition writer (address : option Z) (here : bool) (target : position -> option Z) (stores : position -> bool) :
  matching position :=
  {| compared := [{| bits := w; wanted := address; offered := target |}]; among := [at_counter; stores]; exclude := [masked];
     rank := urgency w; capacity := size w; refused := Some (negb here); sink := is_bos |}.

Lemma plain_sound : forall m : matching position, (forall j, sink m j = is_bos j) ->
  (forall d, In d (compared m) -> (2 <= bits d)%nat /\ offered d bos = None) ->
  (forall f, In f (among m ++ exclude m) -> f bos = false) -> (forall j, rank m j = 0) -> capacity m = 1 -> sound m l.
Proof.
  intros m K C G R U. apply (sound_at_bos w p); [exact cells_prompted|exact K|exact C|exact G|apply R|].
  intros j _. rewrite R, U. lia.
Qed.

Ltac plain_match := intros; pose proof (program_fits w ext p V); apply plain_sound; try reflexivity; intros d D;
  repeat (destruct D as [<-|D]; [first [reflexivity|split; [cbn; lia|reflexivity]]|]); destruct D.

Lemma index_fits : forall q, cell_place M P q -> forall i, index_of (Nothing, q) = Some i -> is_word w i = true.
Proof.
  intros q H i E. pose proof (program_fits w ext p V) as (_ & Pf & Mf & _). unfold M, P in H.
  destruct q; try destruct H; cbn in E; injection E as <-; try exact (below_word w _ _ (conj H H0) Pf);
    first [apply (below_word w (Z.of_nat (length (initial p)))); [split; assumption|exact Mf]
          |apply (below_word w (Z.of_nat (processors p))); [assumption || (split; assumption)|exact Pf]].
Qed.

(* An own counter that is found is that of the processor with the position's own index. *)
Lemma own_counter_hit : forall pid j, (forall i, pid = Some i -> is_word w i = true) -> In j l ->
  hit (own_counter pid) j = true -> exists i s, pid = Some i /\ 0 <= i < Z.of_nat P /\ j = (held c (PCounter i s), PCounter i
    s).
Proof.
  intros pid j W J H. apply hit_spec in H as (_ & A & G & E & _). specialize (A _ (or_introl eq_refl)).
  specialize (G _ (or_introl eq_refl)). specialize (E _ (or_introl eq_refl)). cbn [wanted offered bits] in A.
  destruct (site_of j J) as [j Hj|q Hq|q Hq]; [destruct Hj; discriminate| |discriminate].
  destruct q as [| |f i|a|k t i|a s|i r s|i s]; try discriminate. destruct pid as [v|]; [|discriminate]. exists i, s.
  change (index_of _) with (Some i) in A.
  rewrite agrees_word in A; [|exact (W v eq_refl)|exact (index_fits _ Hq i eq_refl)]. apply Z.eqb_eq in A. subst v.
  split; [reflexivity|]. split; [exact Hq|reflexivity].
Qed.

Lemma own_counter_sound : forall pid, sound (own_counter pid) l.
Proof. plain_match. Qed.

(* The program counter and status of the processor with the position's index: the one position that holds it. *)
Theorem own_counter_read : forall pid, 0 <= pid < Z.of_nat P ->
  selects (own_counter (Some pid)) l (fun j => fst j = Word (state (self c pid)) (pc (self c pid))).
Proof.
  intros pid B. pose proof (pid_word w ext p V pid B) as W.
  apply selects_hits; [apply own_counter_sound| |].
  - destruct (counter_there pid B) as (s & J). exists (held c (PCounter pid s), PCounter pid s). split; [exact J|].
    unfold hit. cbn [own_counter sink compared among exclude refuses refused forallb wanted offered bits].
    change (index_of _) with (Some pid). rewrite agrees_word, Z.eqb_refl by exact W. reflexivity.
  - intros j J H. apply own_counter_hit in H as (i & s & E & _ & ->); [|intros i E; injection E as <-; exact W|exact J].
    injection E as <-. reflexivity.
Qed.

(* A position without an index, or whose index is no processor's, reads no program counter. *)
Theorem own_counter_missed : forall pid, (forall i, pid = Some i -> is_word w i = true /\ Z.of_nat P <= i) ->
  selects (own_counter pid) l (fun j => fst j = Bos).
Proof.
  intros pid N. apply selects_bos; [apply own_counter_sound|reflexivity|]. intros j J.
  destruct (hit (own_counter pid) j) eqn:H; [|reflexivity]. exfalso.
  apply own_counter_hit in H as (i & s & E & B & _); [|intros i E; apply (N i E)|exact J]. destruct (N i E). lia.
Qed.

Lemma own_register_sound : forall pid name, sound (own_register pid name) l.
Proof. plain_match. Qed.

Lemma own_register_hit : forall pid name j, (forall i, pid = Some i -> is_word w i = true) ->
  (forall r, name = Some r -> 0 <= r < 8) -> In j l -> hit (own_register pid name) j = true ->
  exists i r s, pid = Some i /\ name = Some r /\ 0 <= i < Z.of_nat P /\ 0 <= r < 8 /\
    j = (held c (PRegister i r s), PRegister i r s).
Proof.
  intros pid name j W R J H. apply hit_spec in H as (_ & A & G & E & _). pose proof (A _ (or_introl eq_refl)) as A1.
  pose proof (A _ (or_intror (or_introl eq_refl))) as A2. specialize (G _ (or_introl eq_refl)).
  specialize (E _ (or_introl eq_refl)). cbn [wanted offered bits] in A1, A2.
  destruct (site_of j J) as [j Hj|q Hq|q Hq]; [destruct Hj; discriminate| |discriminate].
  destruct q as [| |f i|a|k t i|a s|i r s|i s]; try discriminate. destruct pid as [v|]; [|discriminate].
  destruct name as [u|]; [|discriminate]. exists i, r, s. destruct Hq as [Hi Hr].
  change (index_of _) with (Some i) in A1. change (register_of _) with (Some r) in A2.
  rewrite agrees_word in A1; [|exact (W v eq_refl)|exact (index_fits (PRegister i r s) (conj Hi Hr) i eq_refl)].
  specialize (R u eq_refl). rewrite agrees_word in A2 by (apply is_word_range; exact R || exact Hr).
  apply Z.eqb_eq in A1, A2. subst v u. repeat split; (reflexivity || apply Hi || apply Hr).
Qed.

(* The word in the own processor's register of a name. *)
Theorem own_register_read : forall pid r, 0 <= pid < Z.of_nat P -> 0 <= r < 8 ->
  selects (own_register (Some pid) (Some r)) l (fun j => fst j = word (in_register c pid r)).
Proof.
  intros pid r B R. pose proof (pid_word w ext p V pid B) as W.
  apply selects_hits; [apply own_register_sound| |].
  - destruct (register_there pid r B R) as (s & J). exists (held c (PRegister pid r s), PRegister pid r s). split; [exact J|].
    unfold hit. cbn [own_register sink compared among exclude refuses refused forallb wanted offered bits].
    change (index_of _) with (Some pid). change (register_of _) with (Some r).
    rewrite !agrees_word, !Z.eqb_refl by (exact W || (apply is_word_range; exact R)). reflexivity.
  - intros j J H. apply own_register_hit in H as (i & q & s & E & D & _ & _ & ->); [|intros i E; injection E as <-;
      exact W| |exact J].
    + injection E as <-. injection D as <-. reflexivity.
    + intros q E. injection E as <-. exact R.
Qed.

(* Nothing is read where no register is named (an operand that is absent or an immediate), or at no processor's index. *)
Theorem own_register_missed : forall pid name, (forall i, pid = Some i -> is_word w i = true) ->
  (forall r, name = Some r -> 0 <= r < 8) ->
  pid = None \/ name = None \/ (exists i, pid = Some i /\ Z.of_nat P <= i) ->
  selects (own_register pid name) l (fun j => fst j = Bos).
Proof.
  intros pid name W R N. apply selects_bos; [apply own_register_sound|reflexivity|]. intros j J.
  destruct (hit (own_register pid name) j) eqn:H; [|reflexivity]. exfalso.
  apply own_register_hit in H as (i & r & s & E & D & B & _); [|exact W|exact R|exact J].
  destruct N as [N|[N|(k & N & O)]]; [congruence|congruence|]. rewrite E in N. injection N as <-. lia.
Qed.

Lemma memory_word_sound : forall address touches, sound (memory_word address touches) l.
Proof. plain_match. Qed.

Lemma memory_word_hit : forall address touches j, (forall a, address = Some a -> is_word w a = true) -> In j l ->
  hit (memory_word address touches) j = true ->
  touches = true /\ exists a s, address = Some a /\ 0 <= a < Z.of_nat M /\ j = (held c (PMemory a s), PMemory a s).
Proof.
  intros address touches j W J H. apply hit_spec in H as (_ & A & G & E & R). specialize (A _ (or_introl eq_refl)).
  specialize (G _ (or_introl eq_refl)). specialize (E _ (or_introl eq_refl)). cbn [wanted offered bits] in A.
  split; [destruct touches; [reflexivity|discriminate]|].
  destruct (site_of j J) as [j Hj|q Hq|q Hq]; [destruct Hj; discriminate| |discriminate].
  destruct q as [| |f i|a|k t i|a s|i r s|i s]; try discriminate. destruct address as [v|]; [|discriminate]. exists a, s.
  change (index_of _) with (Some a) in A.
  rewrite agrees_word in A; [|exact (W v eq_refl)|exact (index_fits _ Hq a eq_refl)]. apply Z.eqb_eq in A. subst v.
  split; [reflexivity|]. split; [exact Hq|reflexivity].
Qed.

(* The word of memory at an address. *)
Theorem memory_word_read : forall a, 0 <= a < Z.of_nat M ->
  selects (memory_word (Some a) true) l (fun j => fst j = word (at_address c a)).
Proof.
  intros a B. pose proof (address_fits w ext p V a B) as W.
  apply selects_hits; [apply memory_word_sound| |].
  - destruct (memory_there a B) as (s & J). exists (held c (PMemory a s), PMemory a s). split; [exact J|].
    unfold hit. cbn [memory_word sink compared among exclude refuses refused forallb wanted offered bits].
    change (index_of _) with (Some a). rewrite agrees_word, Z.eqb_refl by exact W. reflexivity.
  - intros j J H. apply memory_word_hit in H as (_ & i & s & E & _ & ->); [|intros i E; injection E as <-; exact W|exact J].
    injection E as <-. reflexivity.
Qed.

(* Nothing is found outside memory, nor where neither a load nor a store asks. *)
Theorem memory_word_missed : forall address touches, (forall a, address = Some a -> is_word w a = true) ->
  touches = false \/ address = None \/ (exists a, address = Some a /\ Z.of_nat M <= a) ->
  selects (memory_word address touches) l (fun j => fst j = Bos).
Proof.
  intros address touches W N. apply selects_bos; [apply memory_word_sound|reflexivity|]. intros j J.
  destruct (hit (memory_word address touches) j) eqn:H; [|reflexivity]. exfalso.
  apply memory_word_hit in H as (T & a & s & E & B & _); [|exact W|exact J].
  destruct N as [N|[N|(k & N & O)]]; [congruence|congruence|]. rewrite E in N. injection N as <-. lia.
Qed.

(* All together: the token that is read; bos where there is none. *)
Definition counter_seen (pid : option Z) : token :=
  match pid with Some i => if i <? Z.of_nat P then Word (state (self c i)) (pc (self c i)) else Bos | None => Bos end.
Definition register_seen (pid name : option Z) : token :=
  match pid, name with Some i, Some r => if i <? Z.of_nat P then word (in_register c i r) else Bos | _, _ => Bos end.
Definition word_seen (address : option Z) (touches : bool) : token :=
  match address with Some a => if touches && (a <? Z.of_nat M) then word (at_address c a) else Bos | None => Bos end.

Theorem cell_reads : forall pid name address touches, (forall i, pid = Some i -> is_word w i = true) ->
  (forall r, name = Some r -> 0 <= r < 8) -> (forall a, address = Some a -> is_word w a = true) ->
  selects (own_counter pid) l (fun j => fst j = counter_seen pid) /\
  selects (own_register pid name) l (fun j => fst j = register_seen pid name) /\
  selects (memory_word address touches) l (fun j => fst j = word_seen address touches).
Proof.
  intros pid name address touches Wp Wr Wa.
  assert (Low : forall o v, (forall u, o = Some u -> is_word w u = true) -> o = Some v -> 0 <= v).
  { intros o v H E. apply (is_word_range w). exact (H v E). }
  split; [|split].
  - unfold counter_seen. destruct pid as [i|]; [|apply own_counter_missed; discriminate].
    destruct (Z.ltb_spec i (Z.of_nat P)) as [B|B].
    + apply own_counter_read. split; [exact (Low _ i Wp eq_refl)|exact B].
    + apply own_counter_missed. intros k E. injection E as <-. split; [exact (Wp i eq_refl)|exact B].
  - unfold register_seen. destruct pid as [i|]; [|apply own_register_missed; [exact Wp|exact Wr|left; reflexivity]].
    destruct name as [r|]; [|apply own_register_missed; [exact Wp|exact Wr|right; left; reflexivity]].
    destruct (Z.ltb_spec i (Z.of_nat P)) as [B|B].
    + apply own_register_read; [split; [exact (Low _ i Wp eq_refl)|exact B]|exact (Wr r eq_refl)].
    + apply own_register_missed; [exact Wp|exact Wr|]. right. right. exists i. split; [reflexivity|exact B].
  - unfold word_seen. destruct address as [a|]; [|apply memory_word_missed; [exact Wa|right; left; reflexivity]].
    destruct touches; [|apply memory_word_missed; [exact Wa|left; reflexivity]]. cbn [andb].
    destruct (Z.ltb_spec a (Z.of_nat M)) as [B|B].
    + apply memory_word_read. split; [exact (Low _ a Wa eq_refl)|exact B].
    + apply memory_word_missed; [exact Wa|]. right. right. exists a. split; [reflexivity|exact B].
Qed.

(* The writer of a memory word. What is asked of the positions of program counters that are not masked: that they store where
   their processor's effect says. *)
Section Writer.
Variables (target : position -> option Z) (stores : position -> bool).
Hypothesis target_bos : target bos = None.
Hypothesis stores_bos : stores bos = false.
Hypothesis storing : forall pid s, 0 <= pid < Z.of_nat P ->
  let j := (held c (PCounter pid s), PCounter pid s) in In j l ->
  match writes (effect_of w p c pid) with
  | Some (ToMemory a v) => stores j = true /\ target j = Some a /\ is_word w a = true
  | _ => stores j = false
  end.

Lemma writer_sound : forall address here, sound (writer address here target stores) l.
Proof.
  intros address here. pose proof (program_fits w ext p V) as (W2 & Pf & _). apply (sound_at_bos w p).
  - exact cells_prompted.
  - reflexivity.
  - intros d [<-|[]]. split; [cbn; lia|exact target_bos].
  - intros f [<-|[<-|[<-|[]]]]; [reflexivity|exact stores_bos|reflexivity].
  - reflexivity.
  - intros j J. cbn [writer rank capacity among forallb]. pose proof (size_positive w).
    assert (Iw : forall i, index_of j = Some i -> 0 <= i).
    { intros i E. destruct (site_of j J) as [j Hj|q Hq|q Hq].
      - destruct Hj; try discriminate. cbn in E. injection E as <-. lia.
      - change (index_of (held c q, q)) with (index_of (Nothing, q)) in E. apply (is_word_range w). exact (index_fits q Hq i E).
      - change (index_of (Mask, q)) with (index_of (Nothing, q)) in E. apply (is_word_range w). exact (index_fits q Hq i E). }
    unfold urgency. split; [destruct (index_of j) as [i|]; [specialize (Iw i eq_refl)|]; lia|]. intros G.
    apply andb_prop in G as [G _].
    destruct (site_of j J) as [j Hj|q Hq|q Hq]; [destruct Hj; discriminate| |];
      destruct q as [| |f i|a|k t i|a s|i r s|i s]; try discriminate; cbn in Hq |- *; lia.
Qed.

(* Who hits is a processor that stores to the address. *)
Lemma writer_hit : forall a here j, is_word w a = true -> In j l -> hit (writer (Some a) here target stores) j = true ->
  here = true /\ exists pid s v, 0 <= pid < Z.of_nat P /\ j = (held c (PCounter pid s), PCounter pid s) /\
    writes (effect_of w p c pid) = Some (ToMemory a v).
Proof.
  intros a here j W J H. apply hit_spec in H as (_ & A & G & E & R). specialize (A _ (or_introl eq_refl)).
  pose proof (G _ (or_introl eq_refl)) as G1. pose proof (G _ (or_intror (or_introl eq_refl))) as G2.
  specialize (E _ (or_introl eq_refl)). cbn [wanted offered bits] in A.
  split; [destruct here; [reflexivity|discriminate]|].
  destruct (site_of j J) as [j Hj|q Hq|q Hq]; [destruct Hj; discriminate| |discriminate].
  destruct q as [| |f i|b|k t i|b s|i r s|i s]; try discriminate. pose proof (storing i s Hq J) as St.
  exists i, s. destruct (writes (effect_of w p c i)) as [[r v|b v]|]; [congruence| |congruence].
  destruct St as (_ & T & Wb). rewrite T in A. rewrite agrees_word in A by assumption. apply Z.eqb_eq in A. subst b.
  exists v. split; [exact Hq|]. split; reflexivity.
Qed.

(* The value that is stored is the one that the step stores; where nothing is stored, nothing is found. *)
Theorem writer_read : forall a, 0 <= a < Z.of_nat M ->
  match stored a (effects w p c) with
  | Some v => selects (writer (Some a) true target stores) l (fun j => exists pid s, 0 <= pid < Z.of_nat P /\
      j = (held c (PCounter pid s), PCounter pid s) /\ writes (effect_of w p c pid) = Some (ToMemory a v))
  | None => selects (writer (Some a) true target stores) l (fun j => fst j = Bos)
  end.
Proof.
  intros a B. pose proof (address_fits w ext p V a B) as W.
  assert (Nth : forall pid, 0 <= pid < Z.of_nat P -> nth_error (effects w p c) (Z.to_nat pid) = Some (effect_of w p c pid)).
  { intros pid D. rewrite (nth_error_nth' _ (effect_of w p c 0)); rewrite effects_of, ?map_length, ?numbers_length,
      (count _ _ _ S); [|lia]. rewrite nth_mapped by exact D. reflexivity. }
  destruct (stored a (effects w p c)) as [v|] eqn:E.
  - apply stored_some in E as (n & e & N & We & Low). assert (Ln : (n < P)%nat).
    { assert (K : (n < length (effects w p c))%nat) by (apply nth_error_Some; congruence). rewrite effects_length in K.
      rewrite (count _ _ _ S) in K. exact K. }
    assert (D : 0 <= Z.of_nat n < Z.of_nat P) by lia. pose proof (Nth _ D) as X. rewrite Nat2Z.id, N in X. injection X as ->.
    destruct (counter_there _ D) as (s & J). set (k := (_, _)) in J. assert (Hk : hit (writer (Some a) true target stores) k =
      true).
    { pose proof (storing _ s D J) as St. rewrite We in St. destruct St as (S1 & T & _). unfold hit.
      cbn [writer sink compared among exclude refuses refused forallb wanted offered bits].
      change (held c (PCounter (Z.of_nat n) s), PCounter (Z.of_nat n) s) with k in S1, T.
      rewrite S1, T, agrees_word, Z.eqb_refl by exact W. reflexivity. }
    apply (selects_impl _ _ _ _ (selects_found _ _ (writer_sound (Some a) true) (ex_intro _ k (conj J Hk)))).
    intros j Ij [Hj Best]. apply writer_hit in Hj as (_ & pid & s' & u & Hp & -> & Wp); [|exact W|exact Ij].
    exists pid, s'. split; [exact Hp|]. split; [reflexivity|]. specialize (Best k J Hk). cbn in Best.
    destruct (Z.eq_dec pid (Z.of_nat n)) as [->|Ne]; [exact We|]. exfalso.
    apply (Low (Z.to_nat pid) (effect_of w p c pid) u); [lia|exact (Nth pid Hp)|exact Wp].
  - apply selects_bos; [apply writer_sound|reflexivity|]. intros j J.
    destruct (hit (writer (Some a) true target stores) j) eqn:H; [|reflexivity]. exfalso.
    apply writer_hit in H as (_ & pid & s & v & D & _ & Wp); [|exact W|exact J].
    rewrite stored_none in E. exact (E _ v (nth_error_In _ _ (Nth pid D)) Wp).
Qed.

(* At other places than those of memory nothing is asked. *)
Theorem writer_missed : forall address, selects (writer address false target stores) l (fun j => fst j = Bos).
Proof.
  intros address. apply selects_bos; [apply writer_sound|reflexivity|]. intros j J. unfold hit. cbn [writer refuses refused].
  apply andb_false_r.
Qed.
End Writer.
End Sites.
