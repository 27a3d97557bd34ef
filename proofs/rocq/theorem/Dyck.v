(* Words of brackets of several kinds, which are numbers: when one is balanced, by a stack and by induction; and for every k the
   grammar in Chomsky normal form of those of k kinds, Dyck-k. Definitions alone. *)
From Coq Require Import List Bool Arith.
Import ListNotations.

Inductive bracket := Open (kind : nat) | Close (kind : nat).
Definition kind_of (a : bracket) : nat := match a with Open c | Close c => c end.

(* A stack of the kinds that are open: an opening bracket is put on it, a closing one takes one of its kind from its top; and in
   the end nothing is left. *)
Fixpoint closes (stack : list nat) (word : list bracket) : bool :=
  match word with
  | [] => match stack with [] => true | _ => false end
  | Open c :: word => closes (c :: stack) word
  | Close c :: word => match stack with top :: stack => (top =? c) && closes stack word | [] => false end
  end.
Definition balanced (word : list bracket) : bool := closes [] word.

(* The same, as Dyck words are usually defined. *)
Inductive nested : list bracket -> Prop :=
| nothing : nested []
| joined : forall u v, nested u -> nested v -> nested (u ++ v)
| enclosed : forall c u, nested u -> nested (Open c :: u ++ [Close c]).

(* Dyck-k: the balanced words of brackets of the kinds 0 to k - 1. *)
Definition dyck (k : nat) (word : list bracket) : Prop :=
  Forall (fun a => kind_of a < k) word /\ balanced word = true.

(* Nonterminals: a balanced word; of a kind, what remains of one after its opening bracket, and the brackets. *)
Inductive symbol := Whole | Rest (kind : nat) | Opening (kind : nat) | Closing (kind : nat).
Definition binary_rules (k : nat) : list (symbol * symbol * symbol) := (Whole, Whole, Whole) ::
  flat_map (fun c => [(Whole, Opening c, Closing c); (Whole, Opening c, Rest c); (Rest c, Whole, Closing c)]) (seq 0 k).
Definition terminal_rules (k : nat) : list (symbol * bracket) :=
  flat_map (fun c => [(Opening c, Open c); (Closing c, Close c)]) (seq 0 k).
