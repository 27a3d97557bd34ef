(* The plans of the narrowest word, as they are compiled, run every PRAM program: they are accepted, in the kernel. *)
From Efasp Require Import Statement Plans Accepts.

Theorem emitted_mdm : runs_pram_mdm 5 false mdm.
Proof. apply (accepts_sound 5 Diffusion false mdm). vm_compute. reflexivity. Qed.

Theorem emitted_apmdm : runs_pram_apmdm 5 false apmdm.
Proof. apply (accepts_sound 5 AnyProcess false apmdm). vm_compute. reflexivity. Qed.
