(* The checkers as OCaml: what runs is what the theorems speak of, but for the reading of files (the drivers next to
   this file). *)
From Coq Require Extraction ExtrOcamlBasic ExtrOcamlString.
From Efasp Require Lrat Smt Script.
Extraction Language OCaml.
Extraction "checkers.ml" Lrat.check Script.accepted.
