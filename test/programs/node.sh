# SPDX-License-Identifier: GPL-2.0-or-later
# LIMIT: 240
# Node.js (package nodejs): files, children, worker threads, sockets, timers, compression, signals.
. "$LIB"
need node
cat >work.js <<'END'
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
const child_process = require('child_process');
const crypto = require('crypto');
const fs = require('fs');
const net = require('net');
const zlib = require('zlib');
const out = process.env.OUT;

async function main() {
	console.log('arguments', process.argv.slice(2));
	const sums = await Promise.all([1, 2, 3].map(n => new Promise((done, failed) => {
		const worker = new Worker(__filename, { workerData: n });
		worker.on('message', done).on('error', failed);
	})));
	console.log('workers', sums);
	fs.mkdirSync('tree/a/b', { recursive: true });
	for (let i = 0; i < 50; i++)
		fs.writeFileSync('tree/a/b/f' + i, 'x'.repeat(i * 10));
	const names = await fs.promises.readdir('tree/a/b');
	const sizes = await Promise.all(names.map(async name => (await fs.promises.stat('tree/a/b/' + name)).size));
	console.log('files', names.length, sizes.reduce((a, b) => a + b));
	fs.rmSync('tree', { recursive: true });
	const data = Buffer.from('some text '.repeat(20000));
	const packed = await new Promise((done, failed) => zlib.gzip(data, (err, b) => err ? failed(err) : done(b)));
	fs.writeFileSync(out + '/text', zlib.gunzipSync(packed));
	console.log('hash', crypto.createHash('sha256').update(data).digest('hex'));
	console.log('key', await new Promise(done => crypto.scrypt('a', 'b', 16, { N: 1024 }, (err, key) => done(key.toString('hex')))));
	console.log('exec', child_process.execSync('echo child; cat', { input: 'typed' }).toString());
	console.log('status', child_process.spawnSync('sh', ['-c', 'echo err >&2; exit 3']).status);
	const fork = child_process.fork(__filename, ['fork']);
	fork.send({ n: 20 });
	console.log('fork', await new Promise(done => fork.on('message', done)), await new Promise(done => fork.on('exit', done)));
	const server = net.createServer(socket => socket.pipe(socket)).listen('socket');
	console.log('socket', await new Promise(done => {
		const client = net.connect('socket', () => client.write('echo'));
		client.on('data', text => { client.end(); server.close(); done(text.toString()); });
	}));
	process.on('SIGUSR2', () => console.log('signal'));
	process.kill(process.pid, 'SIGUSR2');
	await new Promise(done => setTimeout(done, 100));
	process.exitCode = 4;
}

if (!isMainThread) {
	let sum = 0;
	for (let i = 0; i < 200000; i++)
		sum += i * workerData % 11;
	parentPort.postMessage(sum);
} else if (process.argv[2] === 'fork') {
	process.on('message', m => { process.send(m.n + 1); process.disconnect(); });
} else {
	main();
}
END
status $RUN node work.js one "two words"
status $RUN node -e 'throw new Error("on purpose")' 2>&1 | grep -e '^Error' -e '^status'
echo 'console.log([1, 2, 3].map(x => x * x))' | $RUN node
