(* Plans, instructions, numbers and files as text, for pram-kernel and plan-check: exact rationals, and lines with their numbers.
*)
open Statement

exception Bad of string

let bad line message = raise (Bad (Printf.sprintf "line %d: %s" line message))
let rec nat n = if n <= 0 then O else S (nat (n - 1))
let rec pos n = if n = 1 then XH else if n land 1 = 0 then XO (pos (n lsr 1)) else XI (pos (n lsr 1))
let small n = if n = 0 then Z0 else if n > 0 then Zpos (pos n) else Zneg (pos (-n))

(* Integers of any size, in decimal. *)
let digits text = String.for_all (fun c -> c >= '0' && c <= '9') text
let z line text =
  let negative = text <> "" && text.[0] = '-' in
  let body = if negative then String.sub text 1 (String.length text - 1) else text in
  if body = "" || not (digits body) then bad line (Printf.sprintf "expected an integer, found %S" text);
  let value =
    if String.length body < 18 then small (int_of_string ("0u" ^ body))
    else String.fold_left (fun sum c -> Z.add (Z.mul (small 10) sum) (small (Char.code c - 48))) Z0 body in
  if negative then Z.opp value else value

let size line text = match int_of_string_opt text with
  | Some n when n >= 0 && digits text -> n
  | _ -> bad line (Printf.sprintf "expected a number of 0 or more, found %S" text)

let rational line text = match String.split_on_char '/' text with
  | [n] -> { qnum = z line n; qden = XH }
  | [n; d] -> (match z line d with
      | Zpos den -> qred { qnum = z line n; qden = den }
      | _ -> bad line (Printf.sprintf "expected a positive denominator, found %S" d))
  | _ -> bad line (Printf.sprintf "expected a rational, found %S" text)

(* Printing. *)
let rec int_of_pos = function XH -> 1 | XO p -> 2 * int_of_pos p | XI p -> (2 * int_of_pos p) + 1
let rec bits = function XH -> 1 | XO p | XI p -> 1 + bits p
let rec decimal p =
  if bits p < 62 then string_of_int (int_of_pos p)
  else match Z.div_eucl (Zpos p) (small 1_000_000_000) with
    | Zpos above, Z0 -> decimal above ^ "000000000"
    | Zpos above, Zpos below -> decimal above ^ Printf.sprintf "%09d" (int_of_pos below)
    | _ -> assert false
let show = function Z0 -> "0" | Zpos p -> decimal p | Zneg p -> "-" ^ decimal p
let rational_text v = if v.qden = XH then show v.qnum else show v.qnum ^ "/" ^ decimal v.qden

(* Reading of files. *)
let lines channel =
  let rec read number found = match input_line channel with
    | line -> read (number + 1) ((number, List.filter (( <> ) "") (String.split_on_char ' ' line)) :: found)
    | exception End_of_file -> List.rev found in
  read 1 []
let file path =
  let channel = open_in_bin path in
  Fun.protect ~finally:(fun () -> close_in channel) (fun () -> lines channel)
let named path f = try f (file path) with Bad message -> raise (Bad (path ^ ": " ^ message))

(* Instructions, a line each. *)
let mnemonics = [
  "halt", Halt; "mov", Mov; "add", Add; "sub", Sub; "and", And; "or", Or; "xor", Xor; "shl", Shl; "shr", Shr; "slt", Slt;
  "seq", Seq; "ld", Ld; "st", St; "jmp", Jmp; "jz", Jz; "jnz", Jnz; "pid", Pid; "nproc", Nproc; "mul", Mul; "shlx", Shlx;
  "shrx", Shrx ]
let mnemonic o = fst (List.find (fun (_, other) -> other = o) mnemonics)
let operand line = function
  | "-" -> Absent
  | text when text.[0] = 'r' -> Register (z line (String.sub text 1 (String.length text - 1)))
  | text -> Immediate (z line text)
let operand_text = function Absent -> "-" | Register r -> "r" ^ show r | Immediate v -> show v
let instruction_text i = String.concat " " (mnemonic i.op :: List.map operand_text [i.rd; i.ra; i.rx])
let instruction = function
  | line, [o; d; s; x] -> (match List.assoc_opt o mnemonics with
      | Some op -> { op; rd = operand line d; ra = operand line s; rx = operand line x }
      | None -> bad line (Printf.sprintf "expected an operation, found %S" o))
  | line, _ -> bad line "expected OPERATION RD RA X"

(* Files that are read line by line. *)
let rest = ref [] (* the lines that are not yet read *)
let line () = match !rest with [] -> raise (Bad "expected more lines, found the end") | l :: more -> rest := more; l
let counted name = match line () with
  | number, [word; n] when word = name -> size number n
  | number, _ -> bad number (Printf.sprintf "expected %s and a number" name)
let times count f = List.map (fun _ -> f ()) (List.init count Fun.id)
let all_of path f = named path (fun found ->
  rest := found;
  let read = f () in
  match !rest with [] -> read | (number, _) :: _ -> bad number "expected the end")

(* Plans. Of a row nothing is written after its last entry that is not 0. *)
let zero = { qnum = Z0; qden = XH }
let row columns () =
  let number, entries = line () in
  let entry text = match String.split_on_char ':' text with
    | [column; value] when size number column < columns -> (size number column, rational number value)
    | _ -> bad number (Printf.sprintf "expected COLUMN:VALUE, found %S" text) in
  let rec from at = function
    | (column, value) :: rest when column = at -> value :: from (at + 1) rest
    | (column, _) :: _ as later when column > at -> zero :: from (at + 1) later
    | [] -> []
    | _ -> bad number "expected columns in order" in
  from 0 (List.map entry entries)
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
let plan path = all_of path (fun () ->
  let token_matrix = matrix () in let place_matrix = matrix () in
  let layers = times (counted "layers") layer in
  let out_matrix = matrix () in let out_bias = vector () in
  { token_matrix; place_matrix; layers; out_matrix; out_bias })

(* A plan as text, but for the numbers of columns: what was read. *)
let print_row row =
  let entries = List.filter (fun (_, v) -> v.qnum <> Z0) (List.mapi (fun column v -> (column, v)) row) in
  print_endline (String.concat " " (List.map (fun (column, v) -> Printf.sprintf "%d:%s" column (rational_text v)) entries))
let print_matrix m = Printf.printf "matrix %d\n" (List.length m); List.iter print_row m
let print_vector l =
  Printf.printf "vector %d\n%s\n" (List.length l) (String.concat " " (List.map rational_text l))
let print_layer l =
  Printf.printf "heads %d\n" (List.length l.heads);
  List.iter (fun a -> List.iter print_matrix [a.wq; a.wk; a.wv; a.wo]) l.heads;
  print_matrix l.up; print_vector l.bias; print_matrix l.down
let print_plan m =
  print_matrix m.token_matrix; print_matrix m.place_matrix;
  Printf.printf "layers %d\n" (List.length m.layers);
  List.iter print_layer m.layers;
  print_matrix m.out_matrix; print_vector m.out_bias
