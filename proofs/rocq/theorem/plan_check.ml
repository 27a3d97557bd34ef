(* plan-check DEFINITION PLAN: prints true or false, whether the plan follows the definition (theorem follows_sound).

   DEFINITION: the text that definition_text.py writes. PLAN: as of pram-kernel. *)
open Accepts

exception Bad of string

let bad line message = raise (Bad (Printf.sprintf "line %d: %s" line message))
let rec nat n = if n <= 0 then O else S (nat (n - 1))
let rec pos n = if n = 1 then XH else if n land 1 = 0 then XO (pos (n lsr 1)) else XI (pos (n lsr 1))
let small n = if n = 0 then Z0 else if n > 0 then Zpos (pos n) else Zneg (pos (-n))

(* Integers of any size, in decimal. *)
let z line text = match int_of_string_opt text with
  | Some n when String.length text < 18 && String.for_all (fun c -> c = '-' || (c >= '0' && c <= '9')) text -> small n
  | _ ->
  let negative = text <> "" && text.[0] = '-' in
  let body = if negative then String.sub text 1 (String.length text - 1) else text in
  if body = "" || not (String.for_all (fun c -> c >= '0' && c <= '9') body) then
    bad line (Printf.sprintf "expected an integer, found %S" text);
  let value = String.fold_left (fun sum c -> Z.add (Z.mul (small 10) sum) (small (Char.code c - 48))) Z0 body in
  if negative then Z.opp value else value

let size line text = match int_of_string_opt text with
  | Some n when n >= 0 && String.for_all (fun c -> c >= '0' && c <= '9') text -> n
  | _ -> bad line (Printf.sprintf "expected a number of 0 or more, found %S" text)
let index line text = match size line text with 0 -> bad line "expected a number of 1 or more, found 0" | n -> pos n

let rational line text = match String.split_on_char '/' text with
  | [n] -> { qnum = z line n; qden = XH }
  | [n; d] -> (match z line d with
      | Zpos den -> qred { qnum = z line n; qden = den }
      | _ -> bad line (Printf.sprintf "expected a positive denominator, found %S" d))
  | _ -> bad line (Printf.sprintf "expected a rational, found %S" text)

(* Reading of files, a line at a time. *)
let words text = List.filter (( <> ) "") (String.split_on_char ' ' text)
let channel = ref stdin and number = ref 0
let line () = match input_line !channel with
  | text -> incr number; (!number, words text)
  | exception End_of_file -> raise (Bad "expected more lines, found the end")
let finished () = match input_line !channel with
  | _ -> bad (!number + 1) "expected the end" | exception End_of_file -> ()
let named path f =
  channel := open_in_bin path; number := 0;
  let found = try f () with Bad message -> raise (Bad (path ^ ": " ^ message)) in
  close_in !channel; found
let counted name = match line () with
  | number, [word; n] when word = name -> size number n
  | number, _ -> bad number (Printf.sprintf "expected %s and a number" name)
let times count f = List.map (fun _ -> f ()) (List.init count Fun.id)
let pair number entry = match String.index_opt entry ':' with
  | Some at -> (String.sub entry 0 at, String.sub entry (at + 1) (String.length entry - at - 1))
  | None -> bad number (Printf.sprintf "expected NUMBER:VALUE, found %S" entry)

(* Plans. Of a row nothing is written after its last entry that is not 0. *)
let zero = { qnum = Z0; qden = XH }
let row columns () =
  let number, entries = line () in
  let entry (text : string) =
    let column, value = pair number text in
    let column = size number column in
    if column >= columns then bad number (Printf.sprintf "expected a column below %d, found %d" columns column);
    (column, rational number value) in
  let rec dense at l = match l with
    | (column, v) :: rest ->
        if column = at then v :: dense (at + 1) rest
        else if column > at then zero :: dense (at + 1) l
        else bad number "expected columns in order"
    | [] -> [] in
  dense 0 (List.map entry entries)
let matrix () = match line () with
  | number, ["matrix"; rows; columns] -> let columns = size number columns in times (size number rows) (row columns)
  | number, _ -> bad number "expected matrix ROWS COLUMNS"
let vector () =
  let count = counted "vector" in
  let number, values = line () in
  if List.length values <> count then bad number (Printf.sprintf "expected %d values" count);
  List.map (rational number) values
let head () = let wq = matrix () in let wk = matrix () in let wv = matrix () in let wo = matrix () in { wq; wk; wv; wo }
let layer () =
  let heads = times (counted "heads") head in
  let up = matrix () in let bias = vector () in let down = matrix () in
  { heads; up; bias; down }
let plan () =
  let token_matrix = matrix () in let place_matrix = matrix () in
  let layers = times (counted "layers") layer in
  let out_matrix = matrix () in let out_bias = vector () in
  finished ();
  { token_matrix; place_matrix; layers; out_matrix; out_bias }

(* Definitions. *)
let terms number l = List.map (fun entry -> let i, c = pair number entry in (z number c, index number i)) l
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
  finished ();
  check word extension { items; shown }

let () =
  try match Array.to_list Sys.argv with
    | [_; d; m] -> let check = named d definition in print_endline (string_of_bool (check (named m plan)))
    | _ -> raise (Bad "usage: plan-check DEFINITION PLAN")
  with
  | Bad message | Sys_error message -> prerr_endline message; exit 2
  | Stack_overflow -> prerr_endline "the input is too large"; exit 2
