# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 180
# Programs that make and use keys: ssh-keygen (package openssh-client), openssl, gpg (package gpg) where it is installed.
. "$LIB"
need openssl
openssl ecparam -name prime256v1 -genkey -noout -out ec.pem
echo message >message
$RUN openssl dgst -sha256 -sign ec.pem -out signature message
openssl ec -in ec.pem -pubout -out public.pem 2>/dev/null
$RUN openssl dgst -sha256 -verify public.pem -signature signature message
$RUN openssl enc -aes-256-cbc -pbkdf2 -S 0011223344556677 -pass pass:secret -in message | cksum
$RUN openssl req -x509 -new -key ec.pem -subj /CN=test -days 10 -out certificate.pem
$RUN openssl x509 -in certificate.pem -noout -subject
status $RUN openssl verify -CAfile certificate.pem certificate.pem
if command -v ssh-keygen >/dev/null; then
	$RUN ssh-keygen -q -t ed25519 -N '' -C test -f key
	ssh-keygen -y -f key | cmp - key.pub
	$RUN ssh-keygen -y -f key | cmp - key.pub
	echo "test $(cat key.pub)" >allowed
	$RUN ssh-keygen -q -Y sign -f key -n file message 2>/dev/null
	$RUN ssh-keygen -Y verify -f allowed -I test -n file -s message.sig <message | cut -d' ' -f1-3
	ssh-keygen -Y verify -f allowed -I test -n file -s message.sig <message | cut -d' ' -f1-3
fi
if command -v gpg >/dev/null; then
	mkdir -m 700 gnupg
	echo secret >passphrase
	locked() {
		$RUN gpg --homedir "$PWD/gnupg" --batch --quiet --no-tty --pinentry-mode loopback --passphrase-file passphrase \
			--no-symkey-cache "$@" 2>errors || { cat errors; return 1; }
	}
	command -v gpg-agent >/dev/null || exit 0
	locked --symmetric --cipher-algo AES256 -o message.gpg message
	locked --decrypt message.gpg
	gpgconf --homedir "$PWD/gnupg" --kill all 2>/dev/null || :
fi
