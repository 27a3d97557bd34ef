(* The acceptance check as OCaml, for build/plan-check: what runs is what follows_sound speaks of, but for the reading of files
   (plan_check.ml). *)
From Coq Require Extraction ExtrOcamlBasic.
From Coq Require Import QArith.
From Efasp Require Import Accepted.
Extraction Language OCaml.
Extraction "accepts.ml" follows_log follows_cells Z.opp Z.mul Z.add Qred.
