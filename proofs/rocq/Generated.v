(* Written by proofs/rocq/export.py from the operators' own rows, and compared with them by a test. *)
From Efasp Require Import Form Gates Product Attention Lookups Match Aggregates Log Slots Softmax.
Open Scope Z_scope.

Example not_2 : not_rows 2 =
  [([(-1, Arg 0 0)], 1); ([(-1, Arg 0 1)], 1)].
Proof. vm_compute. reflexivity. Qed.

Example and_2 : and_rows 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example or_2 : or_rows 2 =
  [([(1, Arg 0 0); (1, Arg 1 0); (-1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Arg 0 1); (1, Arg 1 1); (-1, Relu [(1,
    Arg 0 1); (1, Arg 1 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example xor_2 : xor_rows 2 =
  [([(1, Arg 0 0); (1, Arg 1 0); (-2, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Arg 0 1); (1, Arg 1 1); (-2, Relu [(1,
    Arg 0 1); (1, Arg 1 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example all_2 : all_rows 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 0 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example any_2 : any_rows 2 =
  [([(-1, Relu [(-1, Arg 0 0); (-1, Arg 0 1)] 1)], 1)].
Proof. vm_compute. reflexivity. Qed.

Example gate_2 : gate_rows 2 =
  [([(1, Relu [(1, Arg 1 0); (1, Arg 0 0)] (-1))], 0); ([(1, Relu [(1, Arg 1 1); (1, Arg 0 0)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example if_else_2 : if_else_rows 2 =
  [([(1, Relu [(1, Arg 1 0); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 0); (-1, Arg 0 0)] 0)], 0); ([(1, Relu [(1, Arg 1 1); (1,
    Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 1); (-1, Arg 0 0)] 0)], 0)].
Proof. vm_compute. reflexivity. Qed.

Example threshold_2 : threshold_rows 3 =
  [([(1, Relu [(1, Arg 0 0)] (-2)); (-1, Relu [(1, Arg 0 0)] (-3))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example equals_2 : equals_rows 3 =
  [([(1, Relu [(1, Arg 0 0)] (-2)); (-2, Relu [(1, Arg 0 0)] (-3)); (1, Relu [(1, Arg 0 0)] (-4))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example one_hot_2 : one_hot_rows 2 =
  [([(1, Relu [(1, Arg 0 0)] 1); (-2, Relu [(1, Arg 0 0)] 0); (1, Relu [(1, Arg 0 0)] (-1))], 0); ([(1, Relu [(1, Arg 0 0)] 0);
    (-2, Relu [(1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 0 0)] (-2))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example equal_2 : equal_rows 2 =
  [([(1, Relu [(1, Arg 0 0); (2, Arg 0 1); (-1, Arg 1 0); (-2, Arg 1 1)] 1); (-2, Relu [(1, Arg 0 0); (2, Arg 0 1); (-1, Arg 1
    0); (-2, Arg 1 1)] 0); (1, Relu [(1, Arg 0 0); (2, Arg 0 1); (-1, Arg 1 0); (-2, Arg 1 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example less_2 : less_rows 2 =
  [([(1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-1, Arg 0 0); (-2, Arg 0 1)] 0); (-1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-1, Arg 0
    0); (-2, Arg 0 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example carries_2 : carries_rows 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (-1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-2))], 0); ([(1, Relu [(1, Arg 0 0);
    (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-3)); (-1, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-4))],
    0)].
Proof. vm_compute. reflexivity. Qed.

Example borrows_2 : borrows_rows 2 =
  [([(1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] 0); (-1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Relu [(-1, Arg 0 0);
    (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] 0); (-1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-1))],
    0)].
Proof. vm_compute. reflexivity. Qed.

Example add_2 : add_rows 2 =
  [([(1, Arg 0 0); (1, Arg 1 0); (-2, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-2))], 0);
    ([(1, Arg 0 1); (1, Arg 1 1); (1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (-1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-2));
    (-2, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-3)); (2, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1
    0); (2, Arg 1 1)] (-4))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example sub_2 : sub_rows 2 =
  [([(1, Arg 0 0); (-1, Arg 1 0); (2, Relu [(-1, Arg 0 0); (1, Arg 1 0)] 0); (-2, Relu [(-1, Arg 0 0); (1, Arg 1 0)] (-1))], 0);
    ([(1, Arg 0 1); (-1, Arg 1 1); (-1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] 0); (1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] (-1)); (2,
    Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] 0); (-2, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0);
    (2, Arg 1 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example increment_2 : increment_rows 2 =
  [([(1, Arg 0 0); (-2, Relu [(1, Arg 0 0)] 0)], 1); ([(1, Arg 0 1); (1, Relu [(1, Arg 0 0)] 0); (-2, Relu [(1, Arg 0 0); (1,
    Arg 0 1)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_left_2 : shift_left_rows 2 =
  [([], 0); ([(1, Arg 0 0)], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_right_2 : shift_right_rows 2 =
  [([(1, Arg 0 1)], 0); ([], 0)].
Proof. vm_compute. reflexivity. Qed.

Example select_2 : select_rows 3 2 =
  [([(1, Relu [(1, Arg 1 0); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 0); (1, Arg 0 1)] (-1)); (1, Relu [(1, Arg 3 0); (1, Arg 0
    2)] (-1))], 0); ([(1, Relu [(1, Arg 1 1); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 1); (1, Arg 0 1)] (-1)); (1, Relu [(1,
    Arg 3 1); (1, Arg 0 2)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_left_by_2 : shift_left_by_rows false 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1)] 0); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1)] (-1))] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] 1); (-2, Relu
    [(1, Arg 1 0); (2, Arg 1 1)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] (-1))] (-1)); (1, Relu [(1, Arg 0 0); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1)] 0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1)] (-1)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] (-2))]
    (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_left_by_enabled_2 : shift_left_by_rows true 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 5); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (-4, Arg 2 0)] 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 3)] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1, Relu
    [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 5); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 4); (1, Relu [(1, Arg
    1 0); (2, Arg 1 1); (-4, Arg 2 0)] 3)] (-1)); (1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)]
    4); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 2)]
    (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_right_by_2 : shift_right_by_rows false 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1)] 0); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1)] (-1))] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] 0); (-2, Relu [(1, Arg 1
    0); (2, Arg 1 1)] (-1)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] (-2))] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1)] (-1))] (-1))],
    0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_right_by_enabled_2 : shift_right_by_rows true 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 5); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (-4, Arg 2 0)] 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 3)] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg
    1 0); (2, Arg 1 1); (-4, Arg 2 0)] 4); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 3); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (-4, Arg 2 0)] 2)] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 5);
    (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (-4, Arg 2 0)] 3)] (-1))],
    0)].
Proof. vm_compute. reflexivity. Qed.

Example mul_2 : mul_rows 2 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (1, Relu [(1, Arg 0 1);
    (1, Arg 1 0)] (-1)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1));
    (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1))] (-3)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg
    0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1))] (-4))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example exact_match_0_2 : (match_query 2, exact_key 3 2, [fetched]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0)], [([(1, Arg 3 0)], 0); ([(1, Arg 1 0)], 0); ([(1, Arg 1 1)], 0)], [([(1,
    Arg 2 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example rightmost_match_0_2 : (match_query 2, rightmost_key 2 (2 ^ 2), [fetched]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0)], [([(4, Arg 4 0); (1, Arg 3 0)], 0); ([(4, Arg 1 0)], 0); ([(4, Arg 1
    1)], 0)], [([(1, Arg 2 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example priority_match_0_2 : (match_query 2, priority_key 2 (2 ^ 2), [fetched]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0)], [([(1, Arg 4 0); (-1, Arg 3 0)], 3); ([(4, Arg 1 0)], 0); ([(4, Arg 1
    1)], 0)], [([(1, Arg 2 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example match_or_default_0_2 : (match_query 2, exact_key 4 2, map (input 1 2) (seq 0 2)) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0)], [([(1, Arg 4 0)], 0); ([(1, Arg 1 0)], 0); ([(1, Arg 1 1)], 0)], [([(1,
    Arg 2 0)], 0); ([(1, Arg 2 1)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example match_or_default_1_2 : (match_query 2, exact_key 4 2, [input 1 4 0]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0)], [([(1, Arg 4 0)], 0); ([(1, Arg 1 0)], 0); ([(1, Arg 1 1)], 0)], [([(1,
    Arg 4 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example match_or_default_2 : default_rows 2 =
  [([(1, Arg 5 0); (1, Relu [(1, Arg 3 0); (1, Arg 6 0)] (-1))], 0); ([(1, Arg 5 1); (1, Relu [(1, Arg 3 1); (1, Arg 6 0)]
    (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example gather_0_2 : (gather_query, gather_key, [input 1 0 0]) =
  ([([(2, Arg 1 0)], 0); ([], -1)], [([(1, Arg 2 0)], 0); ([(1, Arg 3 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_max_0_2 : (one_query, [input 1 0 0], [input 1 0 0]) =
  ([([], 1)], [([(1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_min_0_2 : (one_query, [input (-1) 0 0], [input 1 0 0]) =
  ([([], 1)], [([(-1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_and_0_2 : (one_query, [input (-1) 0 0], [input 1 0 0]) =
  ([([], 1)], [([(-1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_or_0_2 : (one_query, [input 1 0 0], [input 1 0 0]) =
  ([([], 1)], [([(1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_mean_0_2 : (nothing, nothing, [input 1 0 0]) =
  ([([], 0)], [([], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_sum_0_2 : (nothing, nothing, [input 1 0 0; input 1 1 0]) =
  ([([], 0)], [([], 0)], [([(1, Arg 0 0)], 0); ([(1, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_sum_2 : [sum_rows 2] =
  [([(1, Relu [(2, Arg 0 0); (-2, Arg 0 1)] 1); (-1, Relu [(2, Arg 0 0); (-2, Arg 0 1)] 0); (1, Relu [(2, Arg 0 0); (-4, Arg 0
    1)] 1); (-1, Relu [(2, Arg 0 0); (-4, Arg 0 1)] 0)], 0)].
Proof. vm_compute. reflexivity. Qed.

Example not_5 : not_rows 5 =
  [([(-1, Arg 0 0)], 1); ([(-1, Arg 0 1)], 1); ([(-1, Arg 0 2)], 1); ([(-1, Arg 0 3)], 1); ([(-1, Arg 0 4)], 1)].
Proof. vm_compute. reflexivity. Qed.

Example and_5 : and_rows 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1))], 0); ([(1, Relu [(1, Arg 0
    2); (1, Arg 1 2)] (-1))], 0); ([(1, Relu [(1, Arg 0 3); (1, Arg 1 3)] (-1))], 0); ([(1, Relu [(1, Arg 0 4); (1, Arg 1 4)]
    (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example or_5 : or_rows 5 =
  [([(1, Arg 0 0); (1, Arg 1 0); (-1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Arg 0 1); (1, Arg 1 1); (-1, Relu [(1,
    Arg 0 1); (1, Arg 1 1)] (-1))], 0); ([(1, Arg 0 2); (1, Arg 1 2); (-1, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1))], 0); ([(1,
    Arg 0 3); (1, Arg 1 3); (-1, Relu [(1, Arg 0 3); (1, Arg 1 3)] (-1))], 0); ([(1, Arg 0 4); (1, Arg 1 4); (-1, Relu [(1, Arg
    0 4); (1, Arg 1 4)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example xor_5 : xor_rows 5 =
  [([(1, Arg 0 0); (1, Arg 1 0); (-2, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Arg 0 1); (1, Arg 1 1); (-2, Relu [(1,
    Arg 0 1); (1, Arg 1 1)] (-1))], 0); ([(1, Arg 0 2); (1, Arg 1 2); (-2, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1))], 0); ([(1,
    Arg 0 3); (1, Arg 1 3); (-2, Relu [(1, Arg 0 3); (1, Arg 1 3)] (-1))], 0); ([(1, Arg 0 4); (1, Arg 1 4); (-2, Relu [(1, Arg
    0 4); (1, Arg 1 4)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example all_5 : all_rows 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 0 1); (1, Arg 0 2); (1, Arg 0 3); (1, Arg 0 4)] (-4))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example any_5 : any_rows 5 =
  [([(-1, Relu [(-1, Arg 0 0); (-1, Arg 0 1); (-1, Arg 0 2); (-1, Arg 0 3); (-1, Arg 0 4)] 1)], 1)].
Proof. vm_compute. reflexivity. Qed.

Example gate_5 : gate_rows 5 =
  [([(1, Relu [(1, Arg 1 0); (1, Arg 0 0)] (-1))], 0); ([(1, Relu [(1, Arg 1 1); (1, Arg 0 0)] (-1))], 0); ([(1, Relu [(1, Arg 1
    2); (1, Arg 0 0)] (-1))], 0); ([(1, Relu [(1, Arg 1 3); (1, Arg 0 0)] (-1))], 0); ([(1, Relu [(1, Arg 1 4); (1, Arg 0 0)]
    (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example if_else_5 : if_else_rows 5 =
  [([(1, Relu [(1, Arg 1 0); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 0); (-1, Arg 0 0)] 0)], 0); ([(1, Relu [(1, Arg 1 1); (1,
    Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 1); (-1, Arg 0 0)] 0)], 0); ([(1, Relu [(1, Arg 1 2); (1, Arg 0 0)] (-1)); (1, Relu
    [(1, Arg 2 2); (-1, Arg 0 0)] 0)], 0); ([(1, Relu [(1, Arg 1 3); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 3); (-1, Arg 0 0)]
    0)], 0); ([(1, Relu [(1, Arg 1 4); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 4); (-1, Arg 0 0)] 0)], 0)].
Proof. vm_compute. reflexivity. Qed.

Example threshold_5 : threshold_rows 3 =
  [([(1, Relu [(1, Arg 0 0)] (-2)); (-1, Relu [(1, Arg 0 0)] (-3))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example equals_5 : equals_rows 3 =
  [([(1, Relu [(1, Arg 0 0)] (-2)); (-2, Relu [(1, Arg 0 0)] (-3)); (1, Relu [(1, Arg 0 0)] (-4))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example one_hot_5 : one_hot_rows 5 =
  [([(1, Relu [(1, Arg 0 0)] 1); (-2, Relu [(1, Arg 0 0)] 0); (1, Relu [(1, Arg 0 0)] (-1))], 0); ([(1, Relu [(1, Arg 0 0)] 0);
    (-2, Relu [(1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 0 0)] (-2))], 0); ([(1, Relu [(1, Arg 0 0)] (-1)); (-2, Relu [(1, Arg 0
    0)] (-2)); (1, Relu [(1, Arg 0 0)] (-3))], 0); ([(1, Relu [(1, Arg 0 0)] (-2)); (-2, Relu [(1, Arg 0 0)] (-3)); (1, Relu
    [(1, Arg 0 0)] (-4))], 0); ([(1, Relu [(1, Arg 0 0)] (-3)); (-2, Relu [(1, Arg 0 0)] (-4)); (1, Relu [(1, Arg 0 0)] (-5))],
    0)].
Proof. vm_compute. reflexivity. Qed.

Example equal_5 : equal_rows 5 =
  [([(1, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (16, Arg 0 4); (-1, Arg 1 0); (-2, Arg 1 1); (-4, Arg 1
    2); (-8, Arg 1 3); (-16, Arg 1 4)] 1); (-2, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (16, Arg 0 4);
    (-1, Arg 1 0); (-2, Arg 1 1); (-4, Arg 1 2); (-8, Arg 1 3); (-16, Arg 1 4)] 0); (1, Relu [(1, Arg 0 0); (2, Arg 0 1); (4,
    Arg 0 2); (8, Arg 0 3); (16, Arg 0 4); (-1, Arg 1 0); (-2, Arg 1 1); (-4, Arg 1 2); (-8, Arg 1 3); (-16, Arg 1 4)] (-1))],
    0)].
Proof. vm_compute. reflexivity. Qed.

Example less_5 : less_rows 5 =
  [([(1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0
    2); (-8, Arg 0 3); (-16, Arg 0 4)] 0); (-1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4);
    (-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (-16, Arg 0 4)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example carries_5 : carries_rows 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (-1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-2))], 0); ([(1, Relu [(1, Arg 0 0);
    (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-3)); (-1, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-4))],
    0); ([(1, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] (-7)); (-1, Relu [(1,
    Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] (-8))], 0); ([(1, Relu [(1, Arg 0 0); (2,
    Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-15)); (-1, Relu [(1, Arg 0
    0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-16))], 0); ([(1,
    Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (16, Arg 0 4); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8,
    Arg 1 3); (16, Arg 1 4)] (-31)); (-1, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (16, Arg 0 4); (1, Arg 1
    0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-32))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example borrows_5 : borrows_rows 5 =
  [([(1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] 0); (-1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Relu [(-1, Arg 0 0);
    (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] 0); (-1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-1))],
    0); ([(1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] 0); (-1, Relu [(-1,
    Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] (-1))], 0); ([(1, Relu [(-1, Arg 0 0);
    (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] 0); (-1, Relu [(-1, Arg
    0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-1))], 0); ([(1,
    Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (-16, Arg 0 4); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4)] 0); (-1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (-16, Arg 0 4); (1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example add_5 : add_rows 5 =
  [([(1, Arg 0 0); (1, Arg 1 0); (-2, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-2))], 0);
    ([(1, Arg 0 1); (1, Arg 1 1); (1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (-1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-2));
    (-2, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-3)); (2, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1
    0); (2, Arg 1 1)] (-4))], 0); ([(1, Arg 0 2); (1, Arg 1 2); (1, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1
    1)] (-3)); (-1, Relu [(1, Arg 0 0); (2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-4)); (-2, Relu [(1, Arg 0 0); (2, Arg 0 1);
    (4, Arg 0 2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] (-7)); (2, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (1, Arg 1
    0); (2, Arg 1 1); (4, Arg 1 2)] (-8))], 0); ([(1, Arg 0 3); (1, Arg 1 3); (1, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0
    2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] (-7)); (-1, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2)] (-8)); (-2, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (1, Arg 1 0); (2, Arg 1
    1); (4, Arg 1 2); (8, Arg 1 3)] (-15)); (2, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-16))], 0); ([(1, Arg 0 4); (1, Arg 1 4); (1, Relu [(1, Arg 0 0); (2, Arg 0 1); (4,
    Arg 0 2); (8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-15)); (-1, Relu [(1, Arg 0 0); (2, Arg 0
    1); (4, Arg 0 2); (8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-16)); (-2, Relu [(1, Arg 0 0); (2,
    Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (16, Arg 0 4); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)]
    (-31)); (2, Relu [(1, Arg 0 0); (2, Arg 0 1); (4, Arg 0 2); (8, Arg 0 3); (16, Arg 0 4); (1, Arg 1 0); (2, Arg 1 1); (4, Arg
    1 2); (8, Arg 1 3); (16, Arg 1 4)] (-32))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example sub_5 : sub_rows 5 =
  [([(1, Arg 0 0); (-1, Arg 1 0); (2, Relu [(-1, Arg 0 0); (1, Arg 1 0)] 0); (-2, Relu [(-1, Arg 0 0); (1, Arg 1 0)] (-1))], 0);
    ([(1, Arg 0 1); (-1, Arg 1 1); (-1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] 0); (1, Relu [(-1, Arg 0 0); (1, Arg 1 0)] (-1)); (2,
    Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] 0); (-2, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0);
    (2, Arg 1 1)] (-1))], 0); ([(1, Arg 0 2); (-1, Arg 1 2); (-1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1
    1)] 0); (1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (1, Arg 1 0); (2, Arg 1 1)] (-1)); (2, Relu [(-1, Arg 0 0); (-2, Arg 0 1);
    (-4, Arg 0 2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] 0); (-2, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (1, Arg
    1 0); (2, Arg 1 1); (4, Arg 1 2)] (-1))], 0); ([(1, Arg 0 3); (-1, Arg 1 3); (-1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4,
    Arg 0 2); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2)] 0); (1, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2)] (-1)); (2, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] 0); (-2, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (1, Arg 1
    0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-1))], 0); ([(1, Arg 0 4); (-1, Arg 1 4); (-1, Relu [(-1, Arg 0 0); (-2, Arg
    0 1); (-4, Arg 0 2); (-8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] 0); (1, Relu [(-1, Arg 0 0);
    (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3)] (-1)); (2, Relu [(-1,
    Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (-16, Arg 0 4); (1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1
    3); (16, Arg 1 4)] 0); (-2, Relu [(-1, Arg 0 0); (-2, Arg 0 1); (-4, Arg 0 2); (-8, Arg 0 3); (-16, Arg 0 4); (1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example increment_5 : increment_rows 5 =
  [([(1, Arg 0 0); (-2, Relu [(1, Arg 0 0)] 0)], 1); ([(1, Arg 0 1); (1, Relu [(1, Arg 0 0)] 0); (-2, Relu [(1, Arg 0 0); (1,
    Arg 0 1)] (-1))], 0); ([(1, Arg 0 2); (1, Relu [(1, Arg 0 0); (1, Arg 0 1)] (-1)); (-2, Relu [(1, Arg 0 0); (1, Arg 0 1);
    (1, Arg 0 2)] (-2))], 0); ([(1, Arg 0 3); (1, Relu [(1, Arg 0 0); (1, Arg 0 1); (1, Arg 0 2)] (-2)); (-2, Relu [(1, Arg 0
    0); (1, Arg 0 1); (1, Arg 0 2); (1, Arg 0 3)] (-3))], 0); ([(1, Arg 0 4); (1, Relu [(1, Arg 0 0); (1, Arg 0 1); (1, Arg 0
    2); (1, Arg 0 3)] (-3)); (-2, Relu [(1, Arg 0 0); (1, Arg 0 1); (1, Arg 0 2); (1, Arg 0 3); (1, Arg 0 4)] (-4))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_left_5 : shift_left_rows 5 =
  [([], 0); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0); ([(1, Arg 0 2)], 0); ([(1, Arg 0 3)], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_right_5 : shift_right_rows 5 =
  [([(1, Arg 0 1)], 0); ([(1, Arg 0 2)], 0); ([(1, Arg 0 3)], 0); ([(1, Arg 0 4)], 0); ([], 0)].
Proof. vm_compute. reflexivity. Qed.

Example select_5 : select_rows 3 5 =
  [([(1, Relu [(1, Arg 1 0); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 0); (1, Arg 0 1)] (-1)); (1, Relu [(1, Arg 3 0); (1, Arg 0
    2)] (-1))], 0); ([(1, Relu [(1, Arg 1 1); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 1); (1, Arg 0 1)] (-1)); (1, Relu [(1,
    Arg 3 1); (1, Arg 0 2)] (-1))], 0); ([(1, Relu [(1, Arg 1 2); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2 2); (1, Arg 0 1)]
    (-1)); (1, Relu [(1, Arg 3 2); (1, Arg 0 2)] (-1))], 0); ([(1, Relu [(1, Arg 1 3); (1, Arg 0 0)] (-1)); (1, Relu [(1, Arg 2
    3); (1, Arg 0 1)] (-1)); (1, Relu [(1, Arg 3 3); (1, Arg 0 2)] (-1))], 0); ([(1, Relu [(1, Arg 1 4); (1, Arg 0 0)] (-1));
    (1, Relu [(1, Arg 2 4); (1, Arg 0 1)] (-1)); (1, Relu [(1, Arg 3 4); (1, Arg 0 2)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_left_by_5 : shift_left_by_rows false 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu [(1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1
    2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0);
    (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1)); (1, Relu [(1, Arg 0 0); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4,
    Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1
    4)] (-2))] (-1))], 0); ([(1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg
    1 4)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1
    1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16,
    Arg 1 4)] (-1)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2))] (-1)); (1, Relu
    [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (-2, Relu [(1, Arg 1
    0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8,
    Arg 1 3); (16, Arg 1 4)] (-3))] (-1))], 0); ([(1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1)); (1, Relu [(1, Arg 0 2); (1, Relu
    [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1
    2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)]
    (-2))] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)]
    (-1)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2)); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-3))] (-1)); (1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1
    1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3);
    (16, Arg 1 4)] (-3)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-4))] (-1))], 0);
    ([(1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu
    [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1
    2); (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1)); (1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4)] 0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1));
    (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2))] (-1)); (1, Relu [(1, Arg 0 2); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg
    1 4)] (-3))] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)]
    (-2)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-3)); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-4))] (-1)); (1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1
    1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-3)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3);
    (16, Arg 1 4)] (-4)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-5))] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_left_by_enabled_5 : shift_left_by_rows true 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)]
    33); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1))], 0); ([(1, Relu [(1, Arg 0
    1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 33); (-2, Relu [(1, Arg
    1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1)); (1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1
    2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16,
    Arg 1 4); (-32, Arg 2 0)] 30)] (-1))], 0); ([(1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8,
    Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 33); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1
    4); (-32, Arg 2 0)] 32); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)]
    31)] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32,
    Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30)] (-1)); (1, Relu [(1, Arg 0
    0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (-2, Relu [(1, Arg
    1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30); (1, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29)] (-1))], 0); ([(1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1
    0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 33); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4,
    Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1
    3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1)); (1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16,
    Arg 1 4); (-32, Arg 2 0)] 31); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2
    0)] 30)] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4);
    (-32, Arg 2 0)] 31); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30);
    (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29)] (-1)); (1, Relu [(1,
    Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30); (-2, Relu
    [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29); (1, Relu [(1, Arg 1 0); (2, Arg
    1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 28)] (-1))], 0); ([(1, Relu [(1, Arg 0 4); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 33); (-2, Relu [(1, Arg 1 0); (2, Arg 1
    1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8,
    Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1)); (1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1
    2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3);
    (16, Arg 1 4); (-32, Arg 2 0)] 31); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32,
    Arg 2 0)] 30)] (-1)); (1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1
    4); (-32, Arg 2 0)] 31); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)]
    30); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29)] (-1)); (1, Relu
    [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30); (-2,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29); (1, Relu [(1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 28)] (-1)); (1, Relu [(1, Arg 0 0); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29); (-2, Relu [(1, Arg 1 0); (2, Arg 1
    1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 28); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8,
    Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 27)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_right_by_5 : shift_right_by_rows false 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu [(1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1)); (1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8,
    Arg 1 3); (16, Arg 1 4)] 0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2))] (-1)); (1, Relu [(1, Arg 0 2); (1, Relu
    [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4,
    Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1
    4)] (-3))] (-1)); (1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)]
    (-2)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-3)); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-4))] (-1)); (1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1
    1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-3)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3);
    (16, Arg 1 4)] (-4)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-5))] (-1))], 0);
    ([(1, Relu [(1, Arg 0 1); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu
    [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1
    2); (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1)); (1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4)] 0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1));
    (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2))] (-1)); (1, Relu [(1, Arg 0 3); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg
    1 4)] (-3))] (-1)); (1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)]
    (-2)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-3)); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-4))] (-1))], 0); ([(1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1
    3); (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1)); (1,
    Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (-2, Relu [(1, Arg
    1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2);
    (8, Arg 1 3); (16, Arg 1 4)] (-2))] (-1)); (1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8,
    Arg 1 3); (16, Arg 1 4)] (-1)); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2)); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-3))] (-1))], 0); ([(1, Relu [(1, Arg 0 3);
    (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1
    4)] (-1))] (-1)); (1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)]
    0); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1)); (1, Relu [(1, Arg 1 0); (2, Arg
    1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-2))] (-1))], 0); ([(1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] 1); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3);
    (16, Arg 1 4)] 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4)] (-1))] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example shift_right_by_enabled_5 : shift_right_by_rows true 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)]
    33); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1)); (1, Relu [(1, Arg 0 1); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg
    1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30)] (-1)); (1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg
    1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4);
    (-32, Arg 2 0)] 29)] (-1)); (1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16,
    Arg 1 4); (-32, Arg 2 0)] 30); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2
    0)] 29); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 28)] (-1)); (1,
    Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29);
    (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 28); (1, Relu [(1, Arg 1
    0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 27)] (-1))], 0); ([(1, Relu [(1, Arg 0 1); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 33); (-2, Relu [(1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg
    1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1)); (1, Relu [(1, Arg 0 2); (1, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg
    1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4);
    (-32, Arg 2 0)] 30)] (-1)); (1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16,
    Arg 1 4); (-32, Arg 2 0)] 31); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2
    0)] 30); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29)] (-1)); (1,
    Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30);
    (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29); (1, Relu [(1, Arg 1
    0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 28)] (-1))], 0); ([(1, Relu [(1, Arg 0 2); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 33); (-2, Relu [(1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg
    1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1)); (1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1);
    (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg
    1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4);
    (-32, Arg 2 0)] 30)] (-1)); (1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16,
    Arg 1 4); (-32, Arg 2 0)] 31); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2
    0)] 30); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 29)] (-1))], 0);
    ([(1, Relu [(1, Arg 0 3); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)]
    33); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1,
    Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31)] (-1)); (1, Relu [(1, Arg 0 4); (1,
    Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (-2, Relu [(1, Arg 1 0);
    (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 31); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg
    1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 30)] (-1))], 0); ([(1, Relu [(1, Arg 0 4); (1, Relu [(1, Arg 1 0); (2,
    Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 33); (-2, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1
    2); (8, Arg 1 3); (16, Arg 1 4); (-32, Arg 2 0)] 32); (1, Relu [(1, Arg 1 0); (2, Arg 1 1); (4, Arg 1 2); (8, Arg 1 3); (16,
    Arg 1 4); (-32, Arg 2 0)] 31)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example mul_5 : mul_rows 5 =
  [([(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1))], 0); ([(1, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (1, Relu [(1, Arg 0 1);
    (1, Arg 1 0)] (-1)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1));
    (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1))] (-3)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg
    0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1))] (-4))], 0); ([(1, Relu [(1, Arg 0 0); (1, Arg 1 2)]
    (-1)); (1, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (1, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (1, Relu [(1, Relu [(1, Arg
    0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1))] (-3));
    (-1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1);
    (1, Arg 1 0)] (-1))] (-4)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)]
    (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1,
    Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1))] (-7)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1));
    (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1
    2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1))] (-8)); (-2, Relu [(1,
    Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)]
    (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1,
    Arg 1 0)] (-1))] (-15)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1));
    (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1
    1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1))] (-16))], 0); ([(1, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (1, Relu
    [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (1, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (1, Relu [(1, Arg 0 3); (1, Arg 1 0)]
    (-1)); (1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg
    0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4,
    Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1))] (-7)); (-1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0
    0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu
    [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1))] (-8)); (1, Relu [(1, Relu [(1, Arg 0 0);
    (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1,
    Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1))]
    (-15)); (-1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1,
    Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4,
    Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1))] (-16)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0
    0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu
    [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)]
    (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1,
    Arg 1 0)] (-1))] (-15)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1));
    (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1
    1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1);
    (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-16)); (-2,
    Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1,
    Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg
    0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8,
    Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-31)); (2, Relu [(1, Relu [(1, Arg 0
    0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu
    [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)]
    (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1,
    Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-32)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)]
    (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1,
    Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg
    0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8,
    Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-47)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0
    0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu
    [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)]
    (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1,
    Arg 1 0)] (-1))] (-48))], 0); ([(1, Relu [(1, Arg 0 0); (1, Arg 1 4)] (-1)); (1, Relu [(1, Arg 0 1); (1, Arg 1 3)] (-1));
    (1, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1)); (1, Relu [(1, Arg 0 3); (1, Arg 1 1)] (-1)); (1, Relu [(1, Arg 0 4); (1, Arg 1
    0)] (-1)); (1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1,
    Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4,
    Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)]
    (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-15)); (-1, Relu [(1, Relu
    [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)]
    (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1,
    Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg
    0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-16)); (1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1
    0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0);
    (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1,
    Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8,
    Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-31)); (-1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0
    0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu
    [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)]
    (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1,
    Arg 1 0)] (-1))] (-32)); (1, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1));
    (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1
    1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1);
    (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-47)); (-1,
    Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1,
    Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg
    0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8,
    Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1))] (-48)); (-2, Relu [(1, Relu [(1, Arg 0
    0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu
    [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)]
    (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1,
    Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1)); (16, Relu [(1, Arg 0 0); (1, Arg 1 4)] (-1)); (16, Relu [(1,
    Arg 0 1); (1, Arg 1 3)] (-1)); (16, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1)); (16, Relu [(1, Arg 0 3); (1, Arg 1 1)] (-1));
    (16, Relu [(1, Arg 0 4); (1, Arg 1 0)] (-1))] (-31)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1,
    Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4,
    Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)]
    (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1,
    Arg 1 0)] (-1)); (16, Relu [(1, Arg 0 0); (1, Arg 1 4)] (-1)); (16, Relu [(1, Arg 0 1); (1, Arg 1 3)] (-1)); (16, Relu [(1,
    Arg 0 2); (1, Arg 1 2)] (-1)); (16, Relu [(1, Arg 0 3); (1, Arg 1 1)] (-1)); (16, Relu [(1, Arg 0 4); (1, Arg 1 0)] (-1))]
    (-32)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1,
    Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4,
    Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)]
    (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1)); (16, Relu [(1, Arg 0 0);
    (1, Arg 1 4)] (-1)); (16, Relu [(1, Arg 0 1); (1, Arg 1 3)] (-1)); (16, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1)); (16, Relu
    [(1, Arg 0 3); (1, Arg 1 1)] (-1)); (16, Relu [(1, Arg 0 4); (1, Arg 1 0)] (-1))] (-63)); (2, Relu [(1, Relu [(1, Arg 0 0);
    (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1,
    Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8,
    Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)]
    (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1)); (16, Relu [(1, Arg 0 0); (1, Arg 1 4)] (-1)); (16, Relu [(1, Arg 0 1);
    (1, Arg 1 3)] (-1)); (16, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1)); (16, Relu [(1, Arg 0 3); (1, Arg 1 1)] (-1)); (16, Relu
    [(1, Arg 0 4); (1, Arg 1 0)] (-1))] (-64)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0);
    (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1,
    Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8,
    Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)]
    (-1)); (16, Relu [(1, Arg 0 0); (1, Arg 1 4)] (-1)); (16, Relu [(1, Arg 0 1); (1, Arg 1 3)] (-1)); (16, Relu [(1, Arg 0 2);
    (1, Arg 1 2)] (-1)); (16, Relu [(1, Arg 0 3); (1, Arg 1 1)] (-1)); (16, Relu [(1, Arg 0 4); (1, Arg 1 0)] (-1))] (-95)); (2,
    Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1,
    Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg
    0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8,
    Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1)); (16, Relu [(1, Arg 0 0); (1, Arg 1 4)]
    (-1)); (16, Relu [(1, Arg 0 1); (1, Arg 1 3)] (-1)); (16, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1)); (16, Relu [(1, Arg 0 3);
    (1, Arg 1 1)] (-1)); (16, Relu [(1, Arg 0 4); (1, Arg 1 0)] (-1))] (-96)); (-2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)]
    (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1 1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1,
    Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1); (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg
    0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1, Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8,
    Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1)); (16, Relu [(1, Arg 0 0); (1, Arg 1 4)] (-1)); (16, Relu [(1, Arg 0 1); (1, Arg 1
    3)] (-1)); (16, Relu [(1, Arg 0 2); (1, Arg 1 2)] (-1)); (16, Relu [(1, Arg 0 3); (1, Arg 1 1)] (-1)); (16, Relu [(1, Arg 0
    4); (1, Arg 1 0)] (-1))] (-127)); (2, Relu [(1, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (2, Relu [(1, Arg 0 0); (1, Arg 1
    1)] (-1)); (2, Relu [(1, Arg 0 1); (1, Arg 1 0)] (-1)); (4, Relu [(1, Arg 0 0); (1, Arg 1 2)] (-1)); (4, Relu [(1, Arg 0 1);
    (1, Arg 1 1)] (-1)); (4, Relu [(1, Arg 0 2); (1, Arg 1 0)] (-1)); (8, Relu [(1, Arg 0 0); (1, Arg 1 3)] (-1)); (8, Relu [(1,
    Arg 0 1); (1, Arg 1 2)] (-1)); (8, Relu [(1, Arg 0 2); (1, Arg 1 1)] (-1)); (8, Relu [(1, Arg 0 3); (1, Arg 1 0)] (-1));
    (16, Relu [(1, Arg 0 0); (1, Arg 1 4)] (-1)); (16, Relu [(1, Arg 0 1); (1, Arg 1 3)] (-1)); (16, Relu [(1, Arg 0 2); (1, Arg
    1 2)] (-1)); (16, Relu [(1, Arg 0 3); (1, Arg 1 1)] (-1)); (16, Relu [(1, Arg 0 4); (1, Arg 1 0)] (-1))] (-128))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example exact_match_0_5 : (match_query 5, exact_key 3 5, [fetched]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0); ([(1, Arg 0 2)], 0); ([(1, Arg 0 3)], 0); ([(1, Arg 0 4)], 0)], [([(4,
    Arg 3 0)], 0); ([(1, Arg 1 0)], 0); ([(1, Arg 1 1)], 0); ([(1, Arg 1 2)], 0); ([(1, Arg 1 3)], 0); ([(1, Arg 1 4)], 0)],
    [([(1, Arg 2 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example rightmost_match_0_5 : (match_query 5, rightmost_key 5 (2 ^ 5), [fetched]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0); ([(1, Arg 0 2)], 0); ([(1, Arg 0 3)], 0); ([(1, Arg 0 4)], 0)], [([(128,
    Arg 4 0); (1, Arg 3 0)], 0); ([(32, Arg 1 0)], 0); ([(32, Arg 1 1)], 0); ([(32, Arg 1 2)], 0); ([(32, Arg 1 3)], 0); ([(32,
    Arg 1 4)], 0)], [([(1, Arg 2 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example priority_match_0_5 : (match_query 5, priority_key 5 (2 ^ 5), [fetched]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0); ([(1, Arg 0 2)], 0); ([(1, Arg 0 3)], 0); ([(1, Arg 0 4)], 0)], [([(97,
    Arg 4 0); (-1, Arg 3 0)], 31); ([(32, Arg 1 0)], 0); ([(32, Arg 1 1)], 0); ([(32, Arg 1 2)], 0); ([(32, Arg 1 3)], 0);
    ([(32, Arg 1 4)], 0)], [([(1, Arg 2 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example match_or_default_0_5 : (match_query 5, exact_key 4 5, map (input 1 2) (seq 0 5)) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0); ([(1, Arg 0 2)], 0); ([(1, Arg 0 3)], 0); ([(1, Arg 0 4)], 0)], [([(4,
    Arg 4 0)], 0); ([(1, Arg 1 0)], 0); ([(1, Arg 1 1)], 0); ([(1, Arg 1 2)], 0); ([(1, Arg 1 3)], 0); ([(1, Arg 1 4)], 0)],
    [([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example match_or_default_1_5 : (match_query 5, exact_key 4 5, [input 1 4 0]) =
  ([([], 1); ([(1, Arg 0 0)], 0); ([(1, Arg 0 1)], 0); ([(1, Arg 0 2)], 0); ([(1, Arg 0 3)], 0); ([(1, Arg 0 4)], 0)], [([(4,
    Arg 4 0)], 0); ([(1, Arg 1 0)], 0); ([(1, Arg 1 1)], 0); ([(1, Arg 1 2)], 0); ([(1, Arg 1 3)], 0); ([(1, Arg 1 4)], 0)],
    [([(1, Arg 4 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example match_or_default_5 : default_rows 5 =
  [([(1, Arg 5 0); (1, Relu [(1, Arg 3 0); (1, Arg 6 0)] (-1))], 0); ([(1, Arg 5 1); (1, Relu [(1, Arg 3 1); (1, Arg 6 0)]
    (-1))], 0); ([(1, Arg 5 2); (1, Relu [(1, Arg 3 2); (1, Arg 6 0)] (-1))], 0); ([(1, Arg 5 3); (1, Relu [(1, Arg 3 3); (1,
    Arg 6 0)] (-1))], 0); ([(1, Arg 5 4); (1, Relu [(1, Arg 3 4); (1, Arg 6 0)] (-1))], 0)].
Proof. vm_compute. reflexivity. Qed.

Example gather_0_5 : (gather_query, gather_key, [input 1 0 0]) =
  ([([(2, Arg 1 0)], 0); ([], -1)], [([(1, Arg 2 0)], 0); ([(1, Arg 3 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_max_0_5 : (one_query, [input 1 0 0], [input 1 0 0]) =
  ([([], 1)], [([(1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_min_0_5 : (one_query, [input (-1) 0 0], [input 1 0 0]) =
  ([([], 1)], [([(-1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_and_0_5 : (one_query, [input (-1) 0 0], [input 1 0 0]) =
  ([([], 1)], [([(-1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_or_0_5 : (one_query, [input 1 0 0], [input 1 0 0]) =
  ([([], 1)], [([(1, Arg 0 0)], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_mean_0_5 : (nothing, nothing, [input 1 0 0]) =
  ([([], 0)], [([], 0)], [([(1, Arg 0 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_sum_0_5 : (nothing, nothing, [input 1 0 0; input 1 1 0]) =
  ([([], 0)], [([], 0)], [([(1, Arg 0 0)], 0); ([(1, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Example seq_sum_5 : [sum_rows 5] =
  [([(1, Relu [(5, Arg 0 0); (-5, Arg 0 1)] 1); (-1, Relu [(5, Arg 0 0); (-5, Arg 0 1)] 0); (1, Relu [(5, Arg 0 0); (-10, Arg 0
    1)] 1); (-1, Relu [(5, Arg 0 0); (-10, Arg 0 1)] 0); (1, Relu [(5, Arg 0 0); (-15, Arg 0 1)] 1); (-1, Relu [(5, Arg 0 0);
    (-15, Arg 0 1)] 0); (1, Relu [(5, Arg 0 0); (-20, Arg 0 1)] 1); (-1, Relu [(5, Arg 0 0); (-20, Arg 0 1)] 0); (1, Relu [(5,
    Arg 0 0); (-25, Arg 0 1)] 1); (-1, Relu [(5, Arg 0 0); (-25, Arg 0 1)] 0)], 0)].
Proof. vm_compute. reflexivity. Qed.

Definition match_3_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 3)%nat; (4, 5, 4)%nat]; required := [6%nat; 7%nat];
    exclude := [8%nat; 9%nat]; rank := Some 10%nat; absent := Some 11%nat; capacity := 8 |}.
Example match_3 : (match_q match_3_shape, match_k match_3_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 4 0)], 0); ([(1, Arg 4 1)],
    0); ([(1, Arg 4 2)], 0); ([(1, Arg 4 3)], 0); ([(1, Arg 11 0)], 0)], [([(80, Arg 1 0); (16, Arg 6 0); (16, Arg 7 0); (-16,
    Arg 8 0); (-16, Arg 9 0); (1, Arg 10 0)], -32); ([(8, Arg 3 0)], 0); ([(8, Arg 3 1)], 0); ([(8, Arg 3 2)], 0); ([(8, Arg 5
    0)], 0); ([(8, Arg 5 1)], 0); ([(8, Arg 5 2)], 0); ([(8, Arg 5 3)], 0); ([(16, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.
Example match_3_ranks : 7 <? capacity match_3_shape = true.
Proof. vm_compute. reflexivity. Qed.

Definition mdm_incomplete_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 16)%nat]; required := [3%nat]; exclude :=
    []; rank := None; absent := None; capacity := 1 |}.
Example mdm_incomplete : (match_q mdm_incomplete_shape, match_k mdm_incomplete_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 2 5)], 0); ([(1, Arg 2 6)], 0); ([(1, Arg 2 7)], 0); ([(1, Arg 2 8)], 0); ([(1, Arg 2 9)], 0); ([(1, Arg 2
    10)], 0); ([(1, Arg 2 11)], 0); ([(1, Arg 2 12)], 0); ([(1, Arg 2 13)], 0); ([(1, Arg 2 14)], 0); ([(1, Arg 2 15)], 0)],
    [([(17, Arg 1 0); (2, Arg 3 0)], -2); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0);
    ([(1, Arg 2 4)], 0); ([(1, Arg 2 5)], 0); ([(1, Arg 2 6)], 0); ([(1, Arg 2 7)], 0); ([(1, Arg 2 8)], 0); ([(1, Arg 2 9)],
    0); ([(1, Arg 2 10)], 0); ([(1, Arg 2 11)], 0); ([(1, Arg 2 12)], 0); ([(1, Arg 2 13)], 0); ([(1, Arg 2 14)], 0); ([(1, Arg
    2 15)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_ready_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 16)%nat]; required := [4%nat]; exclude := [];
    rank := None; absent := None; capacity := 1 |}.
Example mdm_ready : (match_q mdm_ready_shape, match_k mdm_ready_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 2 5)], 0); ([(1, Arg 2 6)], 0); ([(1, Arg 2 7)], 0); ([(1, Arg 2 8)], 0); ([(1, Arg 2 9)], 0); ([(1, Arg 2
    10)], 0); ([(1, Arg 2 11)], 0); ([(1, Arg 2 12)], 0); ([(1, Arg 2 13)], 0); ([(1, Arg 2 14)], 0); ([(1, Arg 2 15)], 0)],
    [([(17, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0); ([(1, Arg 3 3)], 0);
    ([(1, Arg 3 4)], 0); ([(1, Arg 3 5)], 0); ([(1, Arg 3 6)], 0); ([(1, Arg 3 7)], 0); ([(1, Arg 3 8)], 0); ([(1, Arg 3 9)],
    0); ([(1, Arg 3 10)], 0); ([(1, Arg 3 11)], 0); ([(1, Arg 3 12)], 0); ([(1, Arg 3 13)], 0); ([(1, Arg 3 14)], 0); ([(1, Arg
    3 15)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_paired_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 16)%nat; (3, 3, 5)%nat]; required := [4%nat];
    exclude := [5%nat]; rank := None; absent := None; capacity := 1 |}.
Example mdm_paired : (match_q mdm_paired_shape, match_k mdm_paired_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 2 5)], 0); ([(1, Arg 2 6)], 0); ([(1, Arg 2 7)], 0); ([(1, Arg 2 8)], 0); ([(1, Arg 2 9)], 0); ([(1, Arg 2
    10)], 0); ([(1, Arg 2 11)], 0); ([(1, Arg 2 12)], 0); ([(1, Arg 2 13)], 0); ([(1, Arg 2 14)], 0); ([(1, Arg 2 15)], 0);
    ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0)], [([(22, Arg 1 0);
    (2, Arg 4 0); (-2, Arg 5 0)], -2); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1,
    Arg 2 4)], 0); ([(1, Arg 2 5)], 0); ([(1, Arg 2 6)], 0); ([(1, Arg 2 7)], 0); ([(1, Arg 2 8)], 0); ([(1, Arg 2 9)], 0);
    ([(1, Arg 2 10)], 0); ([(1, Arg 2 11)], 0); ([(1, Arg 2 12)], 0); ([(1, Arg 2 13)], 0); ([(1, Arg 2 14)], 0); ([(1, Arg 2
    15)], 0); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_max_urgency_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 16)%nat; (3, 3, 5)%nat]; required :=
    [4%nat]; exclude := []; rank := Some 5%nat; absent := None; capacity := 32 |}.
Example mdm_max_urgency : (match_q mdm_max_urgency_shape, match_k mdm_max_urgency_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 2 5)], 0); ([(1, Arg 2 6)], 0); ([(1, Arg 2 7)], 0); ([(1, Arg 2 8)], 0); ([(1, Arg 2 9)], 0); ([(1, Arg 2
    10)], 0); ([(1, Arg 2 11)], 0); ([(1, Arg 2 12)], 0); ([(1, Arg 2 13)], 0); ([(1, Arg 2 14)], 0); ([(1, Arg 2 15)], 0);
    ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0)], [([(704, Arg 1 0);
    (64, Arg 4 0); (1, Arg 5 0)], -64); ([(32, Arg 2 0)], 0); ([(32, Arg 2 1)], 0); ([(32, Arg 2 2)], 0); ([(32, Arg 2 3)], 0);
    ([(32, Arg 2 4)], 0); ([(32, Arg 2 5)], 0); ([(32, Arg 2 6)], 0); ([(32, Arg 2 7)], 0); ([(32, Arg 2 8)], 0); ([(32, Arg 2
    9)], 0); ([(32, Arg 2 10)], 0); ([(32, Arg 2 11)], 0); ([(32, Arg 2 12)], 0); ([(32, Arg 2 13)], 0); ([(32, Arg 2 14)], 0);
    ([(32, Arg 2 15)], 0); ([(32, Arg 3 0)], 0); ([(32, Arg 3 1)], 0); ([(32, Arg 3 2)], 0); ([(32, Arg 3 3)], 0); ([(32, Arg 3
    4)], 0)]).
Proof. vm_compute. reflexivity. Qed.
Example mdm_max_urgency_ranks : 31 <? capacity mdm_max_urgency_shape = true.
Proof. vm_compute. reflexivity. Qed.

Definition mdm_counter_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 16)%nat; (4, 4, 5)%nat]; required := [5%nat];
    exclude := [6%nat]; rank := None; absent := None; capacity := 1 |}.
Example mdm_counter : (match_q mdm_counter_shape, match_k mdm_counter_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 2 5)], 0); ([(1, Arg 2 6)], 0); ([(1, Arg 2 7)], 0); ([(1, Arg 2 8)], 0); ([(1, Arg 2 9)], 0); ([(1, Arg 2
    10)], 0); ([(1, Arg 2 11)], 0); ([(1, Arg 2 12)], 0); ([(1, Arg 2 13)], 0); ([(1, Arg 2 14)], 0); ([(1, Arg 2 15)], 0);
    ([(1, Arg 4 0)], 0); ([(1, Arg 4 1)], 0); ([(1, Arg 4 2)], 0); ([(1, Arg 4 3)], 0); ([(1, Arg 4 4)], 0)], [([(22, Arg 1 0);
    (2, Arg 5 0); (-2, Arg 6 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0); ([(1, Arg 3 3)], 0); ([(1,
    Arg 3 4)], 0); ([(1, Arg 3 5)], 0); ([(1, Arg 3 6)], 0); ([(1, Arg 3 7)], 0); ([(1, Arg 3 8)], 0); ([(1, Arg 3 9)], 0);
    ([(1, Arg 3 10)], 0); ([(1, Arg 3 11)], 0); ([(1, Arg 3 12)], 0); ([(1, Arg 3 13)], 0); ([(1, Arg 3 14)], 0); ([(1, Arg 3
    15)], 0); ([(1, Arg 4 0)], 0); ([(1, Arg 4 1)], 0); ([(1, Arg 4 2)], 0); ([(1, Arg 4 3)], 0); ([(1, Arg 4 4)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_operation_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := [];
    rank := None; absent := Some 5%nat; capacity := 1 |}.
Example mdm_operation : (match_q mdm_operation_shape, match_k mdm_operation_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_rd_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := []; rank :=
    None; absent := Some 5%nat; capacity := 1 |}.
Example mdm_rd : (match_q mdm_rd_shape, match_k mdm_rd_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_ra_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := []; rank :=
    None; absent := Some 5%nat; capacity := 1 |}.
Example mdm_ra : (match_q mdm_ra_shape, match_k mdm_ra_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_rb_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := []; rank :=
    None; absent := Some 5%nat; capacity := 1 |}.
Example mdm_rb : (match_q mdm_rb_shape, match_k mdm_rb_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_a_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 5)%nat; (3, 4, 3)%nat]; required := [5%nat]; exclude
    := [6%nat]; rank := Some 7%nat; absent := None; capacity := 65536 |}.
Example mdm_a : (match_q mdm_a_shape, match_k mdm_a_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0)], [([(589824, Arg 1 0); (131072, Arg 5 0); (-131072, Arg 6
    0); (1, Arg 7 0)], -131072); ([(65536, Arg 2 0)], 0); ([(65536, Arg 2 1)], 0); ([(65536, Arg 2 2)], 0); ([(65536, Arg 2 3)],
    0); ([(65536, Arg 2 4)], 0); ([(65536, Arg 4 0)], 0); ([(65536, Arg 4 1)], 0); ([(65536, Arg 4 2)], 0)]).
Proof. vm_compute. reflexivity. Qed.
Example mdm_a_ranks : 65535 <? capacity mdm_a_shape = true.
Proof. vm_compute. reflexivity. Qed.

Definition mdm_d_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 5)%nat; (3, 4, 3)%nat]; required := [5%nat]; exclude
    := [6%nat]; rank := Some 7%nat; absent := None; capacity := 65536 |}.
Example mdm_d : (match_q mdm_d_shape, match_k mdm_d_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0)], [([(589824, Arg 1 0); (131072, Arg 5 0); (-131072, Arg 6
    0); (1, Arg 7 0)], -131072); ([(65536, Arg 2 0)], 0); ([(65536, Arg 2 1)], 0); ([(65536, Arg 2 2)], 0); ([(65536, Arg 2 3)],
    0); ([(65536, Arg 2 4)], 0); ([(65536, Arg 4 0)], 0); ([(65536, Arg 4 1)], 0); ([(65536, Arg 4 2)], 0)]).
Proof. vm_compute. reflexivity. Qed.
Example mdm_d_ranks : 65535 <? capacity mdm_d_shape = true.
Proof. vm_compute. reflexivity. Qed.

Definition mdm_b_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 5)%nat; (3, 4, 3)%nat]; required := [5%nat]; exclude
    := [6%nat]; rank := Some 7%nat; absent := None; capacity := 65536 |}.
Example mdm_b : (match_q mdm_b_shape, match_k mdm_b_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0)], [([(589824, Arg 1 0); (131072, Arg 5 0); (-131072, Arg 6
    0); (1, Arg 7 0)], -131072); ([(65536, Arg 2 0)], 0); ([(65536, Arg 2 1)], 0); ([(65536, Arg 2 2)], 0); ([(65536, Arg 2 3)],
    0); ([(65536, Arg 2 4)], 0); ([(65536, Arg 4 0)], 0); ([(65536, Arg 4 1)], 0); ([(65536, Arg 4 2)], 0)]).
Proof. vm_compute. reflexivity. Qed.
Example mdm_b_ranks : 65535 <? capacity mdm_b_shape = true.
Proof. vm_compute. reflexivity. Qed.

Definition mdm_processors_shape : shape := {| one := 0; sink := 1; words := []; required := [2%nat]; exclude := []; rank :=
    None; absent := Some 3%nat; capacity := 1 |}.
Example mdm_processors : (match_q mdm_processors_shape, match_k mdm_processors_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 3 0)], 0)], [([(1, Arg 1 0); (2, Arg 2 0)], -2); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition mdm_loaded_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := [5%nat;
    6%nat]; rank := Some 7%nat; absent := Some 8%nat; capacity := 65536 |}.
Example mdm_loaded : (match_q mdm_loaded_shape, match_k mdm_loaded_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 8 0)], 0)], [([(393216, Arg 1 0); (131072, Arg 4 0); (-131072, Arg 5 0); (-131072, Arg 6 0); (1, Arg 7 0)],
    -131072); ([(65536, Arg 3 0)], 0); ([(65536, Arg 3 1)], 0); ([(65536, Arg 3 2)], 0); ([(65536, Arg 3 3)], 0); ([(65536, Arg
    3 4)], 0); ([(131072, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.
Example mdm_loaded_ranks : 65535 <? capacity mdm_loaded_shape = true.
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_counter_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 5)%nat]; required := [3%nat]; exclude :=
    [4%nat]; rank := None; absent := None; capacity := 1 |}.
Example apmdm_counter : (match_q apmdm_counter_shape, match_k apmdm_counter_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0)], [([(6, Arg 1 0); (2, Arg 3 0); (-2, Arg 4 0)], -2); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0);
    ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_operation_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude :=
    []; rank := None; absent := Some 5%nat; capacity := 1 |}.
Example apmdm_operation : (match_q apmdm_operation_shape, match_k apmdm_operation_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_rd_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := []; rank
    := None; absent := Some 5%nat; capacity := 1 |}.
Example apmdm_rd : (match_q apmdm_rd_shape, match_k apmdm_rd_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_ra_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := []; rank
    := None; absent := Some 5%nat; capacity := 1 |}.
Example apmdm_ra : (match_q apmdm_ra_shape, match_k apmdm_ra_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_rb_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude := []; rank
    := None; absent := Some 5%nat; capacity := 1 |}.
Example apmdm_rb : (match_q apmdm_rb_shape, match_k apmdm_rb_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 5 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)],
    0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_a_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 5)%nat; (3, 4, 3)%nat]; required := [5%nat];
    exclude := [6%nat]; rank := None; absent := None; capacity := 1 |}.
Example apmdm_a : (match_q apmdm_a_shape, match_k apmdm_a_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0)], [([(9, Arg 1 0); (2, Arg 5 0); (-2, Arg 6 0)], -2);
    ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)], 0); ([(1, Arg 4 0)],
    0); ([(1, Arg 4 1)], 0); ([(1, Arg 4 2)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_d_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 5)%nat; (3, 4, 3)%nat]; required := [5%nat];
    exclude := [6%nat]; rank := None; absent := None; capacity := 1 |}.
Example apmdm_d : (match_q apmdm_d_shape, match_k apmdm_d_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0)], [([(9, Arg 1 0); (2, Arg 5 0); (-2, Arg 6 0)], -2);
    ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)], 0); ([(1, Arg 4 0)],
    0); ([(1, Arg 4 1)], 0); ([(1, Arg 4 2)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_b_shape : shape := {| one := 0; sink := 1; words := [(2, 2, 5)%nat; (3, 4, 3)%nat]; required := [5%nat];
    exclude := [6%nat]; rank := None; absent := None; capacity := 1 |}.
Example apmdm_b : (match_q apmdm_b_shape, match_k apmdm_b_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0); ([(1, Arg 3 2)], 0)], [([(9, Arg 1 0); (2, Arg 5 0); (-2, Arg 6 0)], -2);
    ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)], 0); ([(1, Arg 4 0)],
    0); ([(1, Arg 4 1)], 0); ([(1, Arg 4 2)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_processors_shape : shape := {| one := 0; sink := 1; words := []; required := [2%nat]; exclude := []; rank :=
    None; absent := Some 3%nat; capacity := 1 |}.
Example apmdm_processors : (match_q apmdm_processors_shape, match_k apmdm_processors_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 3 0)], 0)], [([(1, Arg 1 0); (2, Arg 2 0)], -2); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_loaded_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat]; exclude :=
    [5%nat]; rank := None; absent := Some 6%nat; capacity := 1 |}.
Example apmdm_loaded : (match_q apmdm_loaded_shape, match_k apmdm_loaded_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 6 0)], 0)], [([(6, Arg 1 0); (2, Arg 4 0); (-2, Arg 5 0)], -2); ([(1, Arg 3 0)], 0); ([(1, Arg 3 1)], 0);
    ([(1, Arg 3 2)], 0); ([(1, Arg 3 3)], 0); ([(1, Arg 3 4)], 0); ([(2, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.

Definition apmdm_incoming_shape : shape := {| one := 0; sink := 1; words := [(2, 3, 5)%nat]; required := [4%nat; 5%nat]; exclude
    := [6%nat]; rank := Some 7%nat; absent := Some 8%nat; capacity := 32 |}.
Example apmdm_incoming : (match_q apmdm_incoming_shape, match_k apmdm_incoming_shape) =
  ([([(1, Arg 0 0)], 0); ([(1, Arg 2 0)], 0); ([(1, Arg 2 1)], 0); ([(1, Arg 2 2)], 0); ([(1, Arg 2 3)], 0); ([(1, Arg 2 4)],
    0); ([(1, Arg 8 0)], 0)], [([(256, Arg 1 0); (64, Arg 4 0); (64, Arg 5 0); (-64, Arg 6 0); (1, Arg 7 0)], -128); ([(32, Arg
    3 0)], 0); ([(32, Arg 3 1)], 0); ([(32, Arg 3 2)], 0); ([(32, Arg 3 3)], 0); ([(32, Arg 3 4)], 0); ([(64, Arg 1 0)], 0)]).
Proof. vm_compute. reflexivity. Qed.
Example apmdm_incoming_ranks : 31 <? capacity apmdm_incoming_shape = true.
Proof. vm_compute. reflexivity. Qed.

Example apmdm_remask : remask_row 0 [[1%nat]; [2%nat; 3%nat; 4%nat]; [5%nat; 6%nat]] =
  ([(1, Arg 0 0); (1, Relu [(1, Arg 1 0)] 0); (1, Relu [(1, Arg 2 0); (1, Arg 3 0); (1, Arg 4 0)] (-2)); (1, Relu [(1, Arg 5 0);
    (1, Arg 6 0)] (-1)); (-2, Relu [(1, Arg 0 0); (1, Arg 1 0)] (-1)); (-2, Relu [(1, Arg 0 0); (1, Arg 2 0); (1, Arg 3 0); (1,
    Arg 4 0)] (-3)); (-2, Relu [(1, Arg 0 0); (1, Arg 5 0); (1, Arg 6 0)] (-2))], 0).
Proof. vm_compute. reflexivity. Qed.

Example softmax_32 : (scale32, least32) = (128, 149).
Proof. vm_compute. reflexivity. Qed.

Example softmax_64 : (scale64, least64) = (1024, 1074).
Proof. vm_compute. reflexivity. Qed.

Example g_1 : map g (cases 1) =
  [[Some 0%nat]; [Some 0%nat]; [Some 0%nat; None]; [Some 0%nat; None]; [None]; [None]; [None; None]; [None; None]; [Some 1%nat];
    []; [Some 1%nat; None]; []; [None]; []; [None; None]; []].
Proof. vm_compute. reflexivity. Qed.

Example g_2 : map g (cases 2) =
  [[Some 0%nat; Some 1%nat]; [Some 0%nat; Some 1%nat]; [Some 0%nat; Some 1%nat; None]; [Some 0%nat; Some 1%nat; None]; [Some
    0%nat; None]; [Some 0%nat; None]; [Some 0%nat; None; None]; [Some 0%nat; None; None]; [Some 0%nat; Some 3%nat]; [Some
    0%nat]; [Some 0%nat; Some 3%nat; None]; [Some 0%nat]; [Some 0%nat; None]; [Some 0%nat]; [Some 0%nat; None; None]; [Some
    0%nat]; [Some 0%nat; Some 1%nat]; [Some 0%nat; Some 1%nat]; [Some 0%nat; Some 1%nat; None]; [Some 0%nat; Some 1%nat; None];
    [Some 0%nat; None]; [Some 0%nat; None]; [Some 0%nat; None; None]; [Some 0%nat; None; None]; [Some 0%nat; Some 3%nat]; [Some
    0%nat]; [Some 0%nat; Some 3%nat; None]; [Some 0%nat]; [Some 0%nat; None]; [Some 0%nat]; [Some 0%nat; None; None]; [Some
    0%nat]; [Some 0%nat; None; Some 1%nat]; [Some 0%nat; None; Some 1%nat]; [Some 0%nat; None; Some 1%nat; None]; [Some 0%nat;
    None; Some 1%nat; None]; [Some 0%nat; None; None]; [Some 0%nat; None; None]; [Some 0%nat; None; None; None]; [Some 0%nat;
    None; None; None]; [Some 0%nat; None; Some 3%nat]; [Some 0%nat; None]; [Some 0%nat; None; Some 3%nat; None]; [Some 0%nat;
    None]; [Some 0%nat; None; None]; [Some 0%nat; None]; [Some 0%nat; None; None; None]; [Some 0%nat; None]; [Some 0%nat; None;
    Some 1%nat]; [Some 0%nat; None; Some 1%nat]; [Some 0%nat; None; Some 1%nat; None]; [Some 0%nat; None; Some 1%nat; None];
    [Some 0%nat; None; None]; [Some 0%nat; None; None]; [Some 0%nat; None; None; None]; [Some 0%nat; None; None; None]; [Some
    0%nat; None; Some 3%nat]; [Some 0%nat; None]; [Some 0%nat; None; Some 3%nat; None]; [Some 0%nat; None]; [Some 0%nat; None;
    None]; [Some 0%nat; None]; [Some 0%nat; None; None; None]; [Some 0%nat; None]; [None; Some 1%nat]; [None; Some 1%nat];
    [None; Some 1%nat; None]; [None; Some 1%nat; None]; [None; None]; [None; None]; [None; None; None]; [None; None; None];
    [None; Some 3%nat]; [None]; [None; Some 3%nat; None]; [None]; [None; None]; [None]; [None; None; None]; [None]; [None; Some
    1%nat]; [None; Some 1%nat]; [None; Some 1%nat; None]; [None; Some 1%nat; None]; [None; None]; [None; None]; [None; None;
    None]; [None; None; None]; [None; Some 3%nat]; [None]; [None; Some 3%nat; None]; [None]; [None; None]; [None]; [None; None;
    None]; [None]; [None; None; Some 1%nat]; [None; None; Some 1%nat]; [None; None; Some 1%nat; None]; [None; None; Some 1%nat;
    None]; [None; None; None]; [None; None; None]; [None; None; None; None]; [None; None; None; None]; [None; None; Some 3%nat];
    [None; None]; [None; None; Some 3%nat; None]; [None; None]; [None; None; None]; [None; None]; [None; None; None; None];
    [None; None]; [None; None; Some 1%nat]; [None; None; Some 1%nat]; [None; None; Some 1%nat; None]; [None; None; Some 1%nat;
    None]; [None; None; None]; [None; None; None]; [None; None; None; None]; [None; None; None; None]; [None; None; Some 3%nat];
    [None; None]; [None; None; Some 3%nat; None]; [None; None]; [None; None; None]; [None; None]; [None; None; None; None];
    [None; None]; [Some 2%nat; Some 1%nat]; [Some 2%nat; Some 1%nat]; [Some 2%nat; Some 1%nat; None]; [Some 2%nat; Some 1%nat;
    None]; [Some 2%nat; None]; [Some 2%nat; None]; [Some 2%nat; None; None]; [Some 2%nat; None; None]; [Some 2%nat; Some 3%nat];
    [Some 2%nat]; [Some 2%nat; Some 3%nat; None]; [Some 2%nat]; [Some 2%nat; None]; [Some 2%nat]; [Some 2%nat; None; None];
    [Some 2%nat]; [Some 1%nat]; [Some 1%nat]; [Some 1%nat; None]; [Some 1%nat; None]; [None]; [None]; [None; None]; [None;
    None]; [Some 3%nat]; []; [Some 3%nat; None]; []; [None]; []; [None; None]; []; [Some 2%nat; None; Some 1%nat]; [Some 2%nat;
    None; Some 1%nat]; [Some 2%nat; None; Some 1%nat; None]; [Some 2%nat; None; Some 1%nat; None]; [Some 2%nat; None; None];
    [Some 2%nat; None; None]; [Some 2%nat; None; None; None]; [Some 2%nat; None; None; None]; [Some 2%nat; None; Some 3%nat];
    [Some 2%nat; None]; [Some 2%nat; None; Some 3%nat; None]; [Some 2%nat; None]; [Some 2%nat; None; None]; [Some 2%nat; None];
    [Some 2%nat; None; None; None]; [Some 2%nat; None]; [Some 1%nat]; [Some 1%nat]; [Some 1%nat; None]; [Some 1%nat; None];
    [None]; [None]; [None; None]; [None; None]; [Some 3%nat]; []; [Some 3%nat; None]; []; [None]; []; [None; None]; []; [None;
    Some 1%nat]; [None; Some 1%nat]; [None; Some 1%nat; None]; [None; Some 1%nat; None]; [None; None]; [None; None]; [None;
    None; None]; [None; None; None]; [None; Some 3%nat]; [None]; [None; Some 3%nat; None]; [None]; [None; None]; [None]; [None;
    None; None]; [None]; [Some 1%nat]; [Some 1%nat]; [Some 1%nat; None]; [Some 1%nat; None]; [None]; [None]; [None; None];
    [None; None]; [Some 3%nat]; []; [Some 3%nat; None]; []; [None]; []; [None; None]; []; [None; None; Some 1%nat]; [None; None;
    Some 1%nat]; [None; None; Some 1%nat; None]; [None; None; Some 1%nat; None]; [None; None; None]; [None; None; None]; [None;
    None; None; None]; [None; None; None; None]; [None; None; Some 3%nat]; [None; None]; [None; None; Some 3%nat; None]; [None;
    None]; [None; None; None]; [None; None]; [None; None; None; None]; [None; None]; [Some 1%nat]; [Some 1%nat]; [Some 1%nat;
    None]; [Some 1%nat; None]; [None]; [None]; [None; None]; [None; None]; [Some 3%nat]; []; [Some 3%nat; None]; []; [None]; [];
    [None; None]; []].
Proof. vm_compute. reflexivity. Qed.

Example pram_step : map (fun s => map (advance (fun a => 7 + a) s) [0; 1]) (steps 3) =
  [[7; 8]; [12; 8]; [7; 12]; [11; 8]; [11; 8]; [11; 12]; [7; 11]; [12; 11]; [7; 11]; [10; 8]; [10; 8]; [10; 12]; [10; 8]; [10;
    8]; [10; 12]; [10; 11]; [10; 11]; [10; 11]; [7; 10]; [12; 10]; [7; 10]; [11; 10]; [11; 10]; [11; 10]; [7; 10]; [12; 10]; [7;
    10]].
Proof. vm_compute. reflexivity. Qed.

Example log_apply : map (fun s => map (advance (fun a => 7 + a) s) [0; 1]) (steps 3) =
  [[7; 8]; [12; 8]; [7; 12]; [11; 8]; [11; 8]; [11; 12]; [7; 11]; [12; 11]; [7; 11]; [10; 8]; [10; 8]; [10; 12]; [10; 8]; [10;
    8]; [10; 12]; [10; 11]; [10; 11]; [10; 11]; [7; 10]; [12; 10]; [7; 10]; [11; 10]; [11; 10]; [11; 10]; [7; 10]; [12; 10]; [7;
    10]].
Proof. vm_compute. reflexivity. Qed.
