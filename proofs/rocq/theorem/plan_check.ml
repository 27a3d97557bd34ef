(* plan-check: whether a plan is accepted; what runs is [accepts] or [accepts_one] of Accepts.v, of which the theorems
   accepts_sound and accepts_one_sound speak.

   plan-check WORD mdm|apmdm none|M PLAN         true or false: whether the plan is accepted as one of this machine; on the lines
                                                 after it the plan as it was read, but for the numbers of columns
   plan-check WORD mdm|apmdm none|M PLAN CODE    the same, as one of the program with these instructions alone; on the lines
                                                 after it first the instructions

   PLAN: as of pram-kernel. CODE: lines "OPERATION RD RA X", as of PROGRAM there. *)
open Statement
open Plan_text

let argument expected found = raise (Bad (Printf.sprintf "expected %s, found %S" expected found))
let word text = match int_of_string_opt text with
  | Some n when n >= 0 && digits text -> nat n | _ -> argument "a word width" text
let engine = function "mdm" -> Diffusion | "apmdm" -> AnyProcess | other -> argument "mdm or apmdm" other
let extension = function "M" -> true | "none" -> false | other -> argument "M or none" other

let print_code = List.iter (fun i -> print_endline (instruction_text i))

let () =
  Gc.set { (Gc.get ()) with Gc.space_overhead = 400 }; (* much is allocated at first and stays: to mark it often takes time *)
  try match Array.to_list Sys.argv with
    | _ :: w :: e :: x :: m :: rest when List.length rest < 2 ->
        let w = word w in let e = engine e in let x = extension x in
        let code = match rest with [] -> None | path :: _ -> Some (named path (List.map instruction)) in
        let read = plan m in
        let answer = match code with None -> accepts w e x read | Some is -> accepts_one w e x is read in
        print_endline (string_of_bool answer); Option.iter print_code code; print_plan read
    | _ -> raise (Bad "usage: plan-check WORD mdm|apmdm none|M PLAN [CODE]")
  with
  | Bad message | Sys_error message -> prerr_endline message; exit 2
  | Stack_overflow -> prerr_endline "the input is too large"; exit 2
