"""The text of the serial decoder, the same for every layer plan; ``model.serial_program`` writes what stands before it."""

DECODER = """\
; Masked diffusion by one processor: this text decodes every layer plan. What depends on the plan, on the context and on the
; word stands before it: constants (.equ) and tables (.data). docs/serial.md explains both.
;
; Every position of the sequence has a frame of STRIDE words: the code of its place and the constant 1, which stay; then the
; code of its token, the residual stream, queries, keys, values, means, hidden units and the read-out, CLEARED words in all.
; Memory below TOP, a power of two, holds the cells and the tables; what is written through a register lies at TOP or above:
; the register is or-ed with TOP right before. So no such store can touch a counter, a pointer or a table.

; A pass begins: every frame is cleared, and gets the code of its token.
pass:       mov r7, S
            st r7, [POSITION]
            mov r0, FRAMES
            mov r6, TOKENS
write:      add r1, r0, KEPT
            mov r2, 0
            mov r5, CLEARED
clear:      or r1, r1, TOP
            st r2, [r1]
            add r1, r1, 1
            sub r5, r5, 1
            jnz r5, clear
            ld r1, [r6]             ; the token; its kind is the last whose first token is not above it
            mov r2, -1
            mov r3, OFFSETS
            mov r5, KINDS
kind:       ld r4, [r3]
            slt r4, r1, r4
            sub r2, r2, r4
            add r2, r2, 1
            add r3, r3, 1
            sub r5, r5, 1
            jnz r5, kind
            add r3, r0, r2
            add r3, r3, KEPT
            mov r4, 1
            or r3, r3, TOP
            st r4, [r3]             ; the kind's flag
            ld r4, [r2 + OFFSETS]
            sub r1, r1, r4          ; the payload
            mul r2, r2, BITS
            add r2, r2, WEIGHTS
            add r3, r0, SIGNS
            mov r5, BITS
            jz r5, written
bit:        ld r4, [r2]             ; 2^place of a bit that the kind carries, 0 of another
            and r7, r1, r4
            seq r7, r7, r4
            add r7, r7, r7
            sub r7, r7, 1
            seq r4, r4, 0
            sub r7, r7, r4          ; -1 or 1; 0 of a bit that the kind does not carry
            or r3, r3, TOP
            st r7, [r3]
            add r3, r3, 1
            add r2, r2, 1
            sub r5, r5, 1
            jnz r5, bit
written:    add r0, r0, STRIDE
            add r6, r6, 1
            ld r7, [POSITION]
            sub r7, r7, 1
            st r7, [POSITION]
            jnz r7, write

; Sublayers: the embedding; then, for every layer, attention and feed-forward. A row of STAGES: the heads, the entries (how
; many, the first one's address) and the units (how many, the first one's place in a frame).
            mov r7, STAGES
            st r7, [STAGE]
            mov r7, HEADS
            st r7, [HEAD]
            mov r7, SUBLAYERS
            st r7, [SUBLAYER]
sublayer:   ld r6, [STAGE]
            ld r7, [r6]
            st r7, [HEADS_LEFT]
            jz r7, attended

; A row of HEADS: places of query, key, value and mean in a frame; components of a query and of a value.
head:       mov r7, FRAMES
            st r7, [FRAME]
            mov r7, S
            st r7, [QUERY]
query:      ld r6, [HEAD]
            ld r0, [FRAME]
            ld r1, [r6]
            add r0, r0, r1          ; the query
            ld r1, [r6 + 1]
            add r1, r1, FRAMES      ; the first key
            mov r2, SCORES
            mov r3, 0               ; the best score; scores are kept plus HALF, so that unsigned comparison is theirs
            mov r7, S
            st r7, [KEY]
key:        ld r6, [HEAD]
            mov r4, HALF
            ld r5, [r6 + 4]
            jz r5, scored
dot:        ld r6, [r0]
            ld r7, [r1]
            mul r6, r6, r7
            add r4, r4, r6
            add r0, r0, 1
            add r1, r1, 1
            sub r5, r5, 1
            jnz r5, dot
scored:     ld r6, [HEAD]
            ld r5, [r6 + 4]
            sub r0, r0, r5
            sub r1, r1, r5
            add r1, r1, STRIDE
            or r2, r2, TOP
            st r4, [r2]
            add r2, r2, 1
            slt r5, r3, r4
            sub r6, r4, r3
            mul r6, r6, r5
            add r3, r3, r6
            ld r7, [KEY]
            sub r7, r7, 1
            st r7, [KEY]
            jnz r7, key

; The values of all keys that have the best score, and their number.
            ld r6, [HEAD]
            ld r0, [FRAME]
            ld r1, [r6 + 3]
            add r0, r0, r1          ; the mean
            ld r1, [r6 + 2]
            add r1, r1, FRAMES      ; the first value
            mov r2, SCORES
            mov r7, 0
            st r7, [TIES]
            mov r7, S
            st r7, [KEY]
tie:        ld r4, [r2]
            seq r4, r4, r3
            add r2, r2, 1
            ld r7, [TIES]
            add r7, r7, r4
            st r7, [TIES]
            ld r6, [HEAD]
            ld r5, [r6 + 5]
            jz r5, summed
sum:        ld r6, [r1]
            mul r6, r6, r4
            ld r7, [r0]
            add r7, r7, r6
            or r0, r0, TOP
            st r7, [r0]
            add r0, r0, 1
            add r1, r1, 1
            sub r5, r5, 1
            jnz r5, sum
summed:     ld r6, [HEAD]
            ld r5, [r6 + 5]
            sub r0, r0, r5
            sub r1, r1, r5
            add r1, r1, STRIDE
            ld r7, [KEY]
            sub r7, r7, 1
            st r7, [KEY]
            jnz r7, tie

; The mean q = sum / ties. A row of RECIPROCALS: the inverse of the odd part of ties modulo 2^w, the exponent of its power of
; two, HALF shifted by that. The division is checked, whatever the table says: q ties = sum modulo 2^w, and |q| <= BOUND with
; S BOUND < HALF. A sum that is no multiple faults at ``inexact``.
            ld r7, [TIES]
            mul r6, r7, 3
            ld r1, [r6 + RECIPROCALS]
            add r6, r6, 1
            ld r2, [r6 + RECIPROCALS]
            add r6, r6, 1
            ld r3, [r6 + RECIPROCALS]
            ld r6, [HEAD]
            ld r5, [r6 + 5]
            jz r5, divided
mean:       ld r4, [r0]
            mul r6, r4, r1
            add r6, r6, HALF
            shr r6, r6, r2
            sub r6, r6, r3
            or r0, r0, TOP
            st r6, [r0]
            mul r6, r6, r7
            sub r4, r4, r6
            jnz r4, inexact
            ld r6, [r0]
            add r6, r6, BOUND
            slt r6, r6, BOUNDS
            jz r6, inexact
            add r0, r0, 1
            sub r5, r5, 1
            jnz r5, mean
divided:    ld r7, [FRAME]
            add r7, r7, STRIDE
            st r7, [FRAME]
            ld r7, [QUERY]
            sub r7, r7, 1
            st r7, [QUERY]
            jnz r7, query
            ld r7, [HEAD]
            add r7, r7, 6
            st r7, [HEAD]
            ld r7, [HEADS_LEFT]
            sub r7, r7, 1
            st r7, [HEADS_LEFT]
            jnz r7, head

; All linear maps of a sublayer: an entry (target, source, coefficient) adds frame[source] * coefficient to frame[target].
attended:   mov r0, FRAMES
            mov r7, S
            st r7, [POSITION]
map:        ld r6, [STAGE]
            ld r1, [r6 + 2]
            ld r5, [r6 + 1]
            jz r5, mapped
entry:      ld r2, [r1 + 1]
            add r2, r2, r0
            ld r2, [r2]
            ld r3, [r1 + 2]
            mul r2, r2, r3
            ld r3, [r1]
            add r3, r3, r0
            ld r4, [r3]
            add r4, r4, r2
            or r3, r3, TOP
            st r4, [r3]
            add r1, r1, 3
            sub r5, r5, 1
            jnz r5, entry
mapped:     add r0, r0, STRIDE
            ld r7, [POSITION]
            sub r7, r7, 1
            st r7, [POSITION]
            jnz r7, map

; The sublayer's hidden units: max(x, 0).
            mov r0, FRAMES
            ld r6, [STAGE]
            ld r1, [r6 + 4]
            add r0, r0, r1
            mov r7, S
            st r7, [POSITION]
rectify:    ld r6, [STAGE]
            ld r5, [r6 + 3]
            jz r5, rectified
unit:       ld r1, [r0]
            shr r2, r1, LAST_BIT
            sub r2, r2, 1
            and r1, r1, r2
            or r0, r0, TOP
            st r1, [r0]
            add r0, r0, 1
            sub r5, r5, 1
            jnz r5, unit
rectified:  ld r5, [r6 + 3]
            sub r0, r0, r5
            add r0, r0, STRIDE
            ld r7, [POSITION]
            sub r7, r7, 1
            st r7, [POSITION]
            jnz r7, rectify
            ld r7, [STAGE]
            add r7, r7, 5
            st r7, [STAGE]
            ld r7, [SUBLAYER]
            sub r7, r7, 1
            st r7, [SUBLAYER]
            jnz r7, sublayer

; The read-out: the first of the largest kinds, and the bits of its payload that are above 0.
            mov r7, 0
            st r7, [CHANGED]
            st r7, [OPEN]
            mov r7, TOKENS
            st r7, [TOKEN]
            mov r0, FRAMES
            add r0, r0, READ_OUT
            mov r7, S
            st r7, [POSITION]
read:       mov r1, 0
            mov r2, 0
            mov r3, 0
            mov r5, KINDS
choose:     ld r4, [r0]
            add r4, r4, HALF
            slt r6, r2, r4
            sub r7, r4, r2
            mul r7, r7, r6
            add r2, r2, r7
            sub r7, r3, r1
            mul r7, r7, r6
            add r1, r1, r7
            add r3, r3, 1
            add r0, r0, 1
            sub r5, r5, 1
            jnz r5, choose
            ld r2, [r1 + OFFSETS]
            mul r1, r1, BITS
            add r1, r1, WEIGHTS
            mov r5, BITS
            jz r5, named
value:      ld r4, [r0]
            sub r4, r4, 1
            shr r4, r4, LAST_BIT
            seq r4, r4, 0
            ld r7, [r1]
            mul r4, r4, r7
            add r2, r2, r4
            add r0, r0, 1
            add r1, r1, 1
            sub r5, r5, 1
            jnz r5, value

; The decoder: a mask becomes the predicted token, unless that is the mask; where ALL is 1 every token does.
named:      ld r6, [TOKEN]
            ld r1, [r6]
            seq r3, r1, MASK
            or r3, r3, ALL
            seq r4, r2, MASK
            xor r4, r4, 1
            and r4, r4, r3
            sub r2, r2, r1
            mul r2, r2, r4
            add r2, r2, r1
            or r6, r6, TOP
            st r2, [r6]
            add r6, r6, 1
            st r6, [TOKEN]
            seq r1, r1, r2
            xor r1, r1, 1
            ld r7, [CHANGED]
            or r7, r7, r1
            st r7, [CHANGED]
            seq r2, r2, MASK
            or r2, r2, ALL
            ld r7, [OPEN]
            or r7, r7, r2
            st r7, [OPEN]
            add r0, r0, NEXT
            ld r7, [POSITION]
            sub r7, r7, 1
            st r7, [POSITION]
            jnz r7, read

; Another pass while this one has changed something, something may change, and the limit is not reached.
            ld r7, [PASSES]
            add r7, r7, 1
            st r7, [PASSES]
            slt r7, r7, LIMIT
            ld r6, [CHANGED]
            and r7, r7, r6
            ld r6, [OPEN]
            and r7, r7, r6
            jnz r7, pass
            halt
inexact:    st r0, [OUTSIDE]        ; outside memory: a fault
"""
