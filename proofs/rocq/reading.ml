(* Reading of proofs: integers, literals and LRAT steps. What is not as expected ends the program with exit code 2 and a place. *)

exception Bad of string

let bad line message = raise (Bad (Printf.sprintf "line %d: %s" line message))

let integer line word = match int_of_string_opt word with
  | Some n when String.for_all (fun c -> c = '-' || (c >= '0' && c <= '9')) word -> n
  | _ -> bad line (Printf.sprintf "expected an integer, found %S" word)

let rec positive n =
  let open Checkers in
  if n = 1 then XH else if n land 1 = 0 then XO (positive (n lsr 1)) else XI (positive (n lsr 1))

let id line word =
  let n = integer line word in
  if n < 1 then bad line (Printf.sprintf "expected a number of 1 or more, found %d" n) else positive n

let literal line n = if n = 0 then bad line "expected a literal, found 0" else (n > 0, positive (abs n))

(* Words up to the first 0, and what follows it. *)
let rec until_zero line = function
  | [] -> bad line "expected 0 at the end, found nothing"
  | "0" :: rest -> ([], rest)
  | word :: rest -> let before, after = until_zero line rest in (word :: before, after)

let clause line words =
  let before, after = until_zero line words in
  (List.map (fun word -> literal line (integer line word)) before, after)

let nothing line = function [] -> () | word :: _ -> bad line (Printf.sprintf "expected nothing more, found %S" word)

let words text = List.filter (fun word -> word <> "") (String.split_on_char ' ' (String.map (fun c -> if c = '\t' || c = '\r' then ' ' else c) text))

let lines path =
  let channel = open_in_bin path in
  let size = in_channel_length channel in
  let text = really_input_string channel size in
  close_in channel;
  (text, List.mapi (fun index line -> (index + 1, words line)) (String.split_on_char '\n' text))

(* "ID LITERALS 0 HINTS 0" or "ID d IDS 0" *)
let step line = function
  | _ :: "d" :: rest ->
      let ids, after = until_zero line rest in
      nothing line after;
      Checkers.Delete (List.map (id line) ids)
  | number :: rest ->
      let literals, after = clause line rest in
      let hints, after = until_zero line after in
      nothing line after;
      let hint word = if integer line word < 0 then bad line "a RAT step, which is not accepted" else id line word in
      Checkers.Add (id line number, literals, List.map hint hints)
  | [] -> bad line "expected a step, found nothing"

(* Runs a checker: exit 0 where it accepts, 1 where it does not, 2 for files that cannot be read. *)
let run usage check =
  match Array.to_list Sys.argv with
  | [_; first; second] -> (
      match check first second with
      | true -> print_endline "accepted"
      | false -> print_endline "rejected"; exit 1
      | exception Bad message -> prerr_endline message; exit 2
      | exception Sys_error message -> prerr_endline message; exit 2
      | exception Stack_overflow -> prerr_endline "the file is too large"; exit 2)
  | _ -> prerr_endline usage; exit 2
