(* pram-kernel: the semantics of Statement.v, as extracted; this file reads text and prints one JSON value a line, nothing else.

   pram-kernel reference PROGRAM STEPS           every configuration from the first, until all have stopped; then the faults
   pram-kernel legal PROGRAM STEPS               of every step of these, whether EREW, CREW and Common allow it, as Policies.v says
   pram-kernel log PROGRAM T                     the places of the log layout; then the token ids after 0, 1, ..., T steps
   pram-kernel cells PROGRAM T SLOTS             the same of the cell layout; SLOTS, like 011, says which slots hold, in turn
   pram-kernel vocabulary PROGRAM                the codes of the tokens, in order of ids
   pram-kernel codes PROGRAM log|cells T         the codes of the layout's places
   pram-kernel read PROGRAM log|cells T          of token ids on standard input, a sequence a line: what they are read as, or null
   pram-kernel g PROGRAM                         of lines "x y c" on standard input: the ids that g gives (c like 010)
   pram-kernel outputs PROGRAM log|cells T PLAN  the read-out at every position of the opening
   pram-kernel mdm PROGRAM T PLAN ORDER          the ids after every pass; ORDER: all, first, last (which of the ready ones)
   pram-kernel apmdm PROGRAM PASSES PLAN         the ids after every pass, or null
   pram-kernel run PROGRAM mdm|apmdm PLAN        a step for every line on standard input: how many passes it took, the ids after
                                                 them, and the configuration that they are read as; or null, and the end
   pram-kernel run PROGRAM mdm|apmdm PLAN alone  the same on sequences without the program, as OneProgram.v says

   PROGRAM: lines "word W", "extension M|none", "processors P", "memory V V ...", then "OPERATION RD RA X", where an operand is
   -, rN or a number. PLAN: the matrices and vectors of a plan in order, "matrix ROWS COLUMNS" with a line "COLUMN:VALUE ..." a
   row, and "vector SIZE" with a line of as many values; before the layers "layers K", before each one's heads "heads H". *)
open Statement
open Plan_text

let json f l = "[" ^ String.concat "," (List.map f l) ^ "]"
let numbers_json = json show
let quoted text = "\"" ^ text ^ "\""
let rational_json v = quoted (rational_text v)
let name_of = function
  | Running -> "running" | Halted -> "halted" | LoadFault -> "load" | StoreFault -> "store" | CounterFault -> "pc"
let processor_json p = "[" ^ quoted (name_of p.state) ^ "," ^ show p.pc ^ "," ^ numbers_json p.registers ^ "]"
let configuration_json c =
  Printf.sprintf "{\"memory\":%s,\"processors\":%s}" (numbers_json c.memory) (json processor_json c.processors_of)
let fault_json f = "[" ^ show f.who ^ "," ^ show f.when0 ^ "," ^ show f.pc_at ^ "," ^ quoted (name_of f.reason) ^ "]"

let instruction_json i = quoted (instruction_text i)

let program = function
  | (a, ["word"; w]) :: (_, ["extension"; ext]) :: (b, ["processors"; count]) :: (c, "memory" :: words) :: rest ->
      let p = { instructions = List.map instruction rest; processors = nat (size b count); initial = List.map (z c) words } in
      let w = nat (size a w) and ext = ext = "M" in
      if not (valid w ext p) then raise (Bad "expected a valid program (as Statement.valid says), found another");
      (w, ext, p)
  | _ -> raise (Bad "expected word, extension, processors and memory, a line each")

(* What the commands print. *)
let lengths p = (length p.instructions, length p.initial, p.processors)
let opening w p = cell_tokens w p (start p.processors p.initial) (List.init (List.length p.initial + (9 * List.length
  (start p.processors []).processors_of)) (fun _ -> false))
let laid p t = function
  | "log" -> let l, m, n = lengths p in log_places l m n (nat t)
  | "cells" -> let l, m, n = lengths p in cell_places l m n
  | other -> raise (Bad (Printf.sprintf "expected log or cells, found %S" other))
let coded w layout = List.map (if layout = "log" then log_code w else cell_code w)
let ids w x = numbers_json (List.map (token_id w) x)
let place_json p =
  let (((kind, index), time), register), slot = place_row p in
  json (function Some v -> show v | None -> "null") [Some kind; index; time; register; slot]

let reference w p steps =
  let rec from c left seen =
    print_endline (configuration_json c);
    if left = 0 || stopped c then List.rev (c :: seen) else from (step w p c) (left - 1) (c :: seen) in
  print_endline (json fault_json (faults (from (start p.processors p.initial) steps [])))

let legality w p steps =
  let rec from c left =
    if left > 0 && not (stopped c) then begin
      print_endline (json string_of_bool (List.map (fun policy -> legal policy w p c) [EREW; CREW; Common]));
      from (step w p c) (left - 1)
    end in
  from (start p.processors p.initial) steps

let cells w p steps pattern =
  let rec from c left offset =
    let second = List.init (List.length p.initial + 9 * List.length c.processors_of) (fun i ->
      pattern.[(i + offset) mod String.length pattern] = '1') in
    print_endline (ids w (cell_tokens w p c second));
    if left > 0 then from (step w p c) (left - 1) (offset + 1) in
  from (start p.processors p.initial) steps 0

let token_of w ext =
  let known = Hashtbl.create 1000 in
  List.iter (fun t -> Hashtbl.replace known (show (token_id w t)) t) (vocabulary w ext);
  fun line text -> match Hashtbl.find_opt known text with
    | Some t -> t
    | None -> bad line (Printf.sprintf "expected a token id, found %S" text)

let read w ext p t layout =
  let token = token_of w ext and l, m, n = lengths p in
  List.iter (fun (number, words) ->
    let x = List.map (token number) words in
    let found = match layout with
      | "log" -> Option.map (fun (is, cs) -> (is, cs)) (read_log w ext l m n (nat t) x)
      | _ -> Option.map (fun (is, c) -> (is, [c])) (read_cells w ext l m n x) in
    print_endline (match found with
      | Some (is, cs) -> "[" ^ json instruction_json is ^ "," ^ json configuration_json cs ^ "]"
      | None -> "null")) (lines stdin)

let algorithm_1 w ext =
  let token = token_of w ext in
  let position = function
    | number, [x; y; c] when String.length c = 3 ->
        ((token number x, token number y), { remask = c.[0] = '1'; insert = c.[1] = '1'; delete = c.[2] = '1' })
    | number, _ -> bad number "expected X Y C" in
  print_endline (ids w (g (List.map position (lines stdin))))

(* All ready positions, or one. *)
let chosen order x everything =
  let changed = List.mapi (fun i (a, b) -> (i, a <> b)) (List.combine x everything) in
  let ready = List.filter_map (fun (i, differs) -> if differs then Some i else None) changed in
  match order, ready with
  | ("all", _ | _, []) -> List.map snd changed
  | "first", i :: _ -> List.map (fun (j, _) -> i = j) changed
  | "last", some -> let i = List.nth some (List.length some - 1) in List.map (fun (j, _) -> i = j) changed
  | _ -> raise (Bad (Printf.sprintf "expected all, first or last, found %S" order))

let diffuse w ext p t m order =
  let places = coded w "log" (laid p t "log") in
  let rec from left x = (* at most as many passes as there are masks at first *)
    Printf.printf "{\"tokens\":%s,\"decided\":%b}\n%!" (ids w x) (decided w ext m places x);
    if left > 0 && List.mem Mask x then
      let everything = unmask_all w ext m places x in
      let y = if order = "all" then everything else unmask w ext m places (chosen order x everything) x in
      if y <> x then from (left - 1) y in
  let x = log_tokens w p (nat t) O in
  from (List.length (List.filter is_mask x)) x

let any_process w ext p passes m =
  let places = coded w "cells" (laid p 0 "cells") in
  let rec from left x =
    Printf.printf "%s\n%!" (ids w x);
    if left > 0 then match generate w ext m places x with Some y -> from (left - 1) y | None -> print_endline "null" in
  from passes (opening w p)

(* One step after the other, as long as they are asked for. Of the log, the sequence for t + 1 steps is that for t steps and the
   masks of one more, so that the statement's sequence for each number of steps is decoded, one after the other. *)
let asked () = match input_line stdin with _ -> true | exception End_of_file -> false
let step_json w passes x c =
  Printf.printf "{\"passes\":%d,\"tokens\":%s,\"read\":%s}\n%!" passes (ids w x)
    (match c with Some c -> configuration_json c | None -> "null")
let stuck () = Printf.printf "null\n%!"

(* How many instructions the sequences hold, and what is left of one that holds them all. *)
let held p = function
  | [] -> (length p.instructions, Fun.id)
  | ["alone"] -> (O, without (length p.instructions))
  | other -> raise (Bad (Printf.sprintf "expected alone or nothing after PLAN, found %S" (String.concat " " other)))

let run_log w ext p m (l, left) =
  let _, count, n = lengths p in
  let masks = List.filter is_mask (log_tokens w p (nat 1) O) in
  let rec from t x =
    if asked () then begin
      let places = coded w "log" (log_places l count n (nat (t + 1))) in
      let rec pass k x =
        let y = unmask_all w ext m places x in
        if not (List.mem Mask y) then Some (k, y)
        else if y <> x && decided w ext m places x then pass (k + 1) y else None in
      match pass 1 (x @ masks) with
      | None -> stuck ()
      | Some (k, y) ->
          let read = read_log w ext l count n (nat (t + 1)) y in
          step_json w k y (Option.map (fun (_, cs) -> List.nth cs (List.length cs - 1)) read);
          from (t + 1) y
    end in
  from 0 (left (log_tokens w p O O))

let run_cells w ext p m (l, left) =
  let _, count, n = lengths p in
  let places = coded w "cells" (cell_places l count n) in
  let rec from x =
    if asked () then match generate w ext m places x with
      | None -> stuck ()
      | Some y -> step_json w 1 y (Option.map snd (read_cells w ext l count n y)); from y in
  from (left (opening w p))

let outputs w ext p t layout m =
  let x = if layout = "log" then log_tokens w p (nat t) O else opening w p in
  List.iter (fun out -> print_endline (json rational_json out))
    (forward m (List.map (token_code w ext) x) (coded w layout (laid p t layout)))

let command path = function
  | "reference", [steps] -> let w, _, p = path in reference w p (size 0 steps)
  | "legal", [steps] -> let w, _, p = path in legality w p (size 0 steps)
  | "log", [t] ->
      let w, _, p = path and t = size 0 t in
      print_endline (json place_json (laid p t "log"));
      List.iter (fun s -> print_endline (ids w (log_tokens w p (nat t) (nat s)))) (List.init (t + 1) Fun.id)
  | "cells", [t; slots] when slots <> "" ->
      let w, _, p = path in
      print_endline (json place_json (laid p 0 "cells"));
      cells w p (size 0 t) slots
  | "vocabulary", [] ->
      let w, ext, _ = path in
      List.iteri (fun i t -> assert (show (token_id w t) = string_of_int i)) (vocabulary w ext);
      print_endline (json (json rational_json) (List.map (token_code w ext) (vocabulary w ext)))
  | "codes", [layout; t] ->
      let w, _, p = path in print_endline (json (json rational_json) (coded w layout (laid p (size 0 t) layout)))
  | "read", [layout; t] -> let w, ext, p = path in read w ext p (size 0 t) layout
  | "g", [] -> let w, ext, _ = path in algorithm_1 w ext
  | "outputs", [layout; t; m] -> let w, ext, p = path in outputs w ext p (size 0 t) layout (plan m)
  | "mdm", [t; m; order] -> let w, ext, p = path in diffuse w ext p (size 0 t) (plan m) order
  | "run", "mdm" :: m :: alone -> let w, ext, p = path in run_log w ext p (plan m) (held p alone)
  | "run", "apmdm" :: m :: alone -> let w, ext, p = path in run_cells w ext p (plan m) (held p alone)
  | "apmdm", [passes; m] -> let w, ext, p = path in any_process w ext p (size 0 passes) (plan m)
  | _ -> raise (Bad "expected a command and its arguments; the head of pram_kernel.ml lists them")

let () =
  try match Array.to_list Sys.argv with
    | _ :: name :: path :: arguments -> command (named path program) (name, arguments)
    | _ -> raise (Bad "usage: pram-kernel COMMAND PROGRAM ARGUMENTS...")
  with
  | Bad message | Sys_error message -> prerr_endline message; exit 2
  | Stack_overflow -> prerr_endline "the input is too large"; exit 2
