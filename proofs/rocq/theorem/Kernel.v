(* The statement and the acceptance of plans as OCaml, for build/pram-kernel and build/plan-check: what runs is what the
   propositions and the theorem speak of, but for the reading of files and the printing (plan_text.ml, pram_kernel.ml,
   plan_check.ml). *)
From Coq Require Extraction ExtrOcamlBasic.
From Efasp Require Import Statement OneProgram Accepts Policies.
Extraction Language OCaml.
Extraction "statement.ml" valid start step stopped faults latest token_id vocabulary token_code log_code cell_code place_row
  log_tokens log_places cell_tokens cell_places read_log read_cells forward decided unmask unmask_all generate g effect_tokens
  accepts accepts_one legal without.
