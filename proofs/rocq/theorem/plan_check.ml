(* plan-check: whether a plan computes what a definition defines; what runs is what the theorem follows_sound speaks of.

   plan-check DEFINITION PLAN   true or false: whether the plan follows the definition
   plan-check PLAN              the plan as it was read, but for the numbers of columns

   DEFINITION: the text that definition_text.py writes. PLAN: as of pram-kernel. *)
open Statement
open Plan_text

let index line text = match size line text with 0 -> bad line "expected a number of 1 or more, found 0" | n -> pos n
let term number text = match String.split_on_char ':' text with
  | [i; c] -> (z number c, index number i)
  | _ -> bad number (Printf.sprintf "expected SCALAR:COEFFICIENT, found %S" text)
let terms number l = List.map (term number) l
let sum () = match line () with
  | number, c :: rest -> { offset = z number c; summands = terms number rest }
  | number, [] -> bad number "expected a constant and terms"
let item () = match line () with
  | number, "units" :: constants -> let at, l = line () in Units (terms at l, List.map (z number) constants)
  | number, ["head"; pairs; values] ->
      let pairs = size number pairs in
      let queries = times pairs sum in let keys = times pairs sum in
      Head (queries, keys, times (size number values) sum)
  | number, _ -> bad number "expected units or head"
let definition () =
  let word = nat (counted "word") in
  let check = match line () with
    | _, ["engine"; "mdm"] -> follows_log | _, ["engine"; "apmdm"] -> follows_cells
    | number, _ -> bad number "expected engine mdm or engine apmdm" in
  let extension = match line () with
    | _, ["extension"; "M"] -> true | _, ["extension"; "none"] -> false
    | number, _ -> bad number "expected extension M or extension none" in
  let items = times (counted "items") item in
  let shown = times (counted "results") sum in
  check word extension { items; shown }

let () =
  try match Array.to_list Sys.argv with
    | [_; d; m] -> let check = all_of d definition in print_endline (string_of_bool (check (plan m)))
    | [_; m] -> print_plan (plan m)
    | _ -> raise (Bad "usage: plan-check DEFINITION PLAN, or plan-check PLAN")
  with
  | Bad message | Sys_error message -> prerr_endline message; exit 2
  | Stack_overflow -> prerr_endline "the input is too large"; exit 2
