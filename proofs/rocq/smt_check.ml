(* smt-check SCRIPT.smt2 CERTIFICATE: whether the certificate shows that the script has no model (theorem Script.accepted_sound).

   A certificate has a line for each term (t), formula (f) and clause (c), each numbered and made of earlier ones, and then the
   steps of an LRAT proof (p) over the clauses, which are numbered from 1; a formula's number is its variable. *)
open Reading
open Checkers

let rec nat n = if n = 0 then O else S (nat (n - 1))

let small line word =
  let n = integer line word in
  if n < 0 || n > 100000 then bad line "expected a number from 0 to 100000" else nat n

(* Integers may be longer than a machine's. *)
let z line word =
  let negative = word.[0] = '-' in
  let body = if negative then String.sub word 1 (String.length word - 1) else word in
  if body = "" || not (String.for_all (fun c -> c >= '0' && c <= '9') body) then
    bad line (Printf.sprintf "expected an integer, found %S" word);
  let ten = Zpos (positive 10) in
  let digit c = if c = '0' then Z0 else Zpos (positive (Char.code c - 48)) in
  let value = String.fold_left (fun sum c -> Z.add (Z.mul ten sum) (digit c)) Z0 body in
  if negative then Z.opp value else value

let terms : (string, term) Hashtbl.t = Hashtbl.create 1000
let formulas : (string, formula) Hashtbl.t = Hashtbl.create 1000

let known what table line word = match Hashtbl.find_opt table word with
  | Some found -> found
  | None -> bad line (Printf.sprintf "expected the number of an earlier %s, found %S" what word)

let term_of line = function
  | ["num"; k] -> Num (z line k)
  | ["var"; i] -> Var (small line i)
  | ["plus"; a; b] -> Plus (known "term" terms line a, known "term" terms line b)
  | ["times"; k; a] -> Times (z line k, known "term" terms line a)
  | ["over"; a; q] -> Over (known "term" terms line a, id line q)
  | ["product"; a; b] -> Product (known "term" terms line a, known "term" terms line b)
  | ["if"; c; a; b] -> If (known "formula" formulas line c, known "term" terms line a, known "term" terms line b)
  | ["apply"; f; a; b] -> Apply (small line f, known "term" terms line a, known "term" terms line b)
  | words -> bad line (Printf.sprintf "expected a term, found %S" (String.concat " " words))

let formula_of line =
  let term = known "term" terms line and formula = known "formula" formulas line in
  function
  | ["truth"; b] -> Truth (b = "1")
  | ["flag"; i] -> Flag (small line i)
  | ["le"; a; b] -> AtMost (term a, term b)
  | ["eq"; a; b] -> Equal (term a, term b)
  | ["not"; f] -> Not (formula f)
  | ["and"; f; g] -> And (formula f, formula g)
  | ["or"; f; g] -> Or (formula f, formula g)
  | ["iff"; f; g] -> Iff (formula f, formula g)
  | ["holds"; p; a; b] -> Holds (small line p, term a, term b)
  | words -> bad line (Printf.sprintf "expected a formula, found %S" (String.concat " " words))

let reason_of line = function
  | ["asserted"] -> Asserted
  | ["gate"; pivot] -> Gate (id line pivot)
  | "farkas" :: multipliers -> Farkas (List.map (z line) multipliers)
  | ["branch"] -> Branch
  | ["congruent"] -> Congruent
  | ["division"] -> Division
  | words -> bad line (Printf.sprintf "expected a reason, found %S" (String.concat " " words))

let new_in what table line word value =
  if Hashtbl.mem table word then bad line (Printf.sprintf "%s %s is given twice" what word);
  Hashtbl.add table word value

let check script certificate =
  let text, _ = lines script in
  let _, lines = lines certificate in
  let table, clauses, steps = List.fold_left (fun (table, clauses, steps) (line, words) ->
    match words with
    | [] -> (table, clauses, steps)
    | "t" :: number :: rest -> new_in "term" terms line number (term_of line rest); (table, clauses, steps)
    | "f" :: number :: rest ->
        let formula = formula_of line rest in
        new_in "formula" formulas line number formula;
        (PositiveMap.add (id line number) formula table, clauses, steps)
    | "c" :: rest ->
        let literals, reason = clause line rest in
        (table, (literals, reason_of line reason) :: clauses, steps)
    | "p" :: rest -> (table, clauses, step line rest :: steps)
    | words -> bad line (Printf.sprintf "expected t, f, c or p, found %S" (String.concat " " words)))
    (PositiveMap.empty, [], []) lines in
  accepted (List.of_seq (String.to_seq text)) table (List.rev clauses) (List.rev steps)

let () = run "usage: smt-check SCRIPT.smt2 CERTIFICATE" check
