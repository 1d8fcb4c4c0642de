# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 120
# openssl: digests, ciphers with a fixed key, a certificate's life, what it says of errors.
. "$LIB"
need openssl
text=$(lines $((4 * SCALE)))
cp "$text" file
for digest in md5 sha1 sha256 sha512 sha3-256 blake2b512; do
	$RUN openssl dgst -$digest file
done
$RUN openssl dgst -sha256 -hmac secret file
$RUN openssl enc -aes-256-ctr -K $(printf '%064d' 7) -iv $(printf '%032d' 9) -in file -out "$OUT/file.ctr"
$RUN openssl enc -d -aes-256-ctr -K $(printf '%064d' 7) -iv $(printf '%032d' 9) -in "$OUT/file.ctr" | cmp - file
$RUN openssl enc -base64 -in "$OUT/file.ctr" -out "$OUT/file.b64"
head -c 100000 file | $RUN openssl sha256
$RUN openssl genpkey -algorithm ed25519 -out key.pem
$RUN openssl pkeyutl -sign -inkey key.pem -rawin -in /bin/sh -out sig
$RUN openssl pkeyutl -verify -inkey key.pem -rawin -in /bin/sh -sigfile sig
$RUN openssl prime 1000003
# The message has the address of a thread in it
status $RUN openssl dgst -sha256 missing 2>/dev/null
$RUN openssl rand 1000 | wc -c
