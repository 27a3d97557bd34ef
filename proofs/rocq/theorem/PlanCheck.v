(* The acceptance check as OCaml, for build/plan-check; the reading of files is plan_check.ml. *)
From Coq Require Extraction ExtrOcamlBasic.
From Coq Require Import QArith FMapPositive.
From Efasp Require Import Statement Terms Interning Follows.
Extraction Language OCaml.
Extraction "accepts.ml" follows Z.opp Z.mul Z.add Qred.
