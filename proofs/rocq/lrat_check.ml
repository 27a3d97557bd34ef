(* lrat-check FILE.cnf PROOF.lrat: whether the proof shows that the clauses are unsatisfiable (theorem Lrat.check_sound). *)
open Reading

let named path f = try f () with Bad message -> raise (Bad (path ^ ": " ^ message))

let cnf path = named path (fun () ->
  let _, lines = lines path in
  let expected, clauses = List.fold_left (fun (expected, clauses) (line, words) ->
    match words with
    | [] -> (expected, clauses)
    | word :: _ when word.[0] = 'c' -> (expected, clauses)
    | ["p"; "cnf"; _; count] when expected = None -> (Some (integer line count), clauses)
    | "p" :: _ -> bad line "expected one header: p cnf VARIABLES CLAUSES"
    | words ->
        let literals, after = clause line words in
        nothing line after;
        (expected, literals :: clauses)) (None, []) lines in
  (match expected with
  | Some n when n = List.length clauses -> ()
  | Some n -> raise (Bad (Printf.sprintf "expected %d clauses, found %d" n (List.length clauses)))
  | None -> raise (Bad "expected a header: p cnf VARIABLES CLAUSES"));
  List.rev clauses)

let proof path = named path (fun () ->
  let _, lines = lines path in
  List.filter_map (fun (line, words) -> match words with [] -> None | word :: _ when word.[0] = 'c' -> None | _ -> Some (step line words)) lines)

let () = run "usage: lrat-check FILE.cnf PROOF.lrat" (fun first second -> Checkers.check (cnf first) (proof second))
