(* The step over the log: what its view reads, in forms, at the masked positions of a sequence. (In work: K2 writes this file.) *)
