#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# python.t: an interpreter with threads that hand a lock around, signals, sockets and children.
. "$(dirname "$0")/lib.sh"

# python NAME - the same for the program on standard input; options of same come first.
python() {
	cat >"$DATA/program.py"
	same "$@" -- /usr/bin/python3 -I "$DATA/program.py"
}

python 'threads and locks' <<'EOP'
import threading, queue
total, lock, q = 0, threading.Lock(), queue.Queue(3)
def add():
    global total
    for i in range(8000):
        with lock:
            total += i
def feed():
    for i in range(400):
        q.put(i)
    q.put(None)
threads = [threading.Thread(target=add) for _ in range(6)] + [threading.Thread(target=feed)]
for t in threads: t.start()
s = 0
while (x := q.get()) is not None: s += x
for t in threads: t.join()
print(total, s)
c = threading.Condition(); ready = []
def waiter(i):
    with c:
        c.wait_for(lambda: ready)
        ready.append(i)
w = [threading.Thread(target=waiter, args=(i,)) for i in range(5)]
for t in w: t.start()
with c: ready.append('go'); c.notify_all()
for t in w: t.join()
print(sorted(map(str, ready)))
e = threading.Event()
print(e.wait(0.05), threading.Lock().acquire(timeout=0.05), threading.Semaphore(0).acquire(timeout=0.05))
EOP
python 'hashlib and json' <<'EOP'
import hashlib, json, zlib
data = bytes(range(256)) * 40000
for name in ('md5', 'sha1', 'sha256', 'sha3_256', 'blake2b'):
    print(name, hashlib.new(name, data).hexdigest())
print(zlib.crc32(data), hashlib.pbkdf2_hmac('sha256', b'word', b'salt', 30000).hex())
tree = {str(i): [i, i / 7, {'k%d' % i: None}] for i in range(8000)}
text = json.dumps(tree, sort_keys=True)
print(len(text), json.loads(text) == tree, hashlib.sha256(text.encode()).hexdigest())
EOP
modes 50us 100us 50us+torture
python 'subprocess' <<'EOP'
import subprocess
for i in range(10):
    print(subprocess.run(['tr', 'a-z', 'A-Z'], input='word %d' % i, capture_output=True, text=True).stdout)
print(subprocess.check_output('seq 1 1000 | sort -rn | head -n 1', shell=True))
a = subprocess.Popen(['seq', '1', '60000'], stdout=subprocess.PIPE)
b = subprocess.Popen(['md5sum'], stdin=a.stdout, stdout=subprocess.PIPE)
a.stdout.close()
print(b.communicate(), a.wait())
try: subprocess.run(['sleep', '60'], timeout=0.2)
except subprocess.TimeoutExpired: print('timeout')
print(subprocess.run(['sh', '-c', 'kill -9 $$']).returncode)
try: subprocess.run(['/nonexistent'])
except FileNotFoundError as e: print(e)
EOP
python 'sockets on loopback and select' <<'EOP'
import socket, select, threading, hashlib
server = socket.create_server(('127.0.0.1', 0))
def echo():
    for _ in range(4):
        c, _ = server.accept()
        with c:
            while data := c.recv(65536): c.sendall(data)
            c.shutdown(socket.SHUT_WR)
t = threading.Thread(target=echo); t.start()
for n in range(4):
    out, got, sent = bytes([n]) * 400000, b'', 0
    with socket.create_connection(server.getsockname()) as c:
        c.setblocking(False)
        while len(got) < len(out):
            r, w, _ = select.select([c], [c] if sent < len(out) else [], [], 10)
            if w: sent += c.send(out[sent:sent + 50000])
            if r: got += c.recv(65536)
    print(n, hashlib.md5(got).hexdigest())
t.join()
a, b = socket.socketpair()
print(select.select([a], [], [], 0.1), b.send(b'x'), len(select.select([a], [], [], 10)[0]))
a.settimeout(0.1); a.recv(1)
try: a.recv(1)
except TimeoutError as e: print(e)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', 0))
for i in range(100):
    u.sendto(b'%d' % i, u.getsockname())
    assert u.recvfrom(100)[0] == b'%d' % i
try: socket.create_connection(('127.0.0.1', 1), 5)
except ConnectionRefusedError as e: print(e)
EOP
python 'poll and epoll' <<'EOP'
import os, select, threading, time
r, w = os.pipe()
p = select.poll(); p.register(r, select.POLLIN)
e = select.epoll(); e.register(r, select.EPOLLIN)
for i in range(20):
    t = threading.Timer(0.01, os.write, (w, b'x')); t.start()
    print(len(p.poll(10000)), len(e.poll(10)), os.read(r, 10)); t.join()
for wait in (lambda: p.poll(100), lambda: e.poll(0.1)):
    start = time.monotonic(); got = wait()
    print(got, time.monotonic() - start >= 0.099)
EOP
python 'handlers: setitimer, alarm, kill, wakeup descriptor' <<'EOP'
import signal, time, os
seen = []
signal.signal(signal.SIGALRM, lambda n, f: seen.append('alrm'))
signal.signal(signal.SIGUSR1, lambda n, f: seen.append('usr1'))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
x = 0
while len(seen) < 20: x += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(seen[:20]); seen.clear()
signal.signal(signal.SIGVTALRM, lambda n, f: seen.append('virtual'))
signal.setitimer(signal.ITIMER_VIRTUAL, 0.02)
while not seen: x += 1
print(seen); seen.clear()
for i in range(50): os.kill(os.getpid(), signal.SIGUSR1)
print(seen.count('usr1')); seen.clear()
signal.alarm(1); start = time.monotonic(); signal.pause()
print(seen, time.monotonic() - start > 0.5)
r, w = os.pipe2(os.O_NONBLOCK); signal.set_wakeup_fd(w)
os.kill(os.getpid(), signal.SIGUSR1); print(os.read(r, 10)); signal.set_wakeup_fd(-1)
def stop(n, f): raise InterruptedError('stopped')
signal.signal(signal.SIGALRM, stop); signal.setitimer(signal.ITIMER_REAL, 0.1)
try: time.sleep(30)
except InterruptedError as e: print(e)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
os.kill(os.getpid(), signal.SIGUSR2)
print(signal.sigpending(), signal.sigwait([signal.SIGUSR2]), signal.sigtimedwait([signal.SIGUSR2], 0.1))
print(sorted(int(s) for s in signal.pthread_sigmask(signal.SIG_BLOCK, [])))
EOP
modes 50us 50us+torture
python 'sleeps last as long as they should' <<'EOP'
import time, threading
for s in (0, 0.001, 0.02, 0.2):
    start = time.monotonic(); time.sleep(s); print(s, time.monotonic() - start >= s)
def nap(): 
    start = time.monotonic(); time.sleep(0.15); assert time.monotonic() - start >= 0.15
t = [threading.Thread(target=nap) for _ in range(20)]
for x in t: x.start()
for x in t: x.join()
EOP
python 'fork and multiprocessing' <<'EOP'
import os, multiprocessing as m
def work(n): return sum(i * i for i in range(n))
def put(q):
    for i in range(300): q.put(i)
if __name__ == '__main__':
    for i in range(8):
        pid = os.fork()
        if pid == 0: os._exit(sum(range(i * 1000)) % 100)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    with m.Pool(3) as p: print(p.map(work, range(2000, 2030)))
    q = m.Queue(); c = m.Process(target=put, args=(q,)); c.start()
    print(sum(q.get() for _ in range(300))); c.join(); print(c.exitcode)
    with m.get_context('spawn').Pool(1) as p: print(p.apply(work, (3000,)))
EOP
python 'asyncio' <<'EOP'
import asyncio
async def main():
    async def serve(r, w):
        while line := await r.readline(): w.write(line.upper()); await w.drain()
        w.close()
    s = await asyncio.start_server(serve, '127.0.0.1', 0)
    async def talk(i):
        r, w = await asyncio.open_connection(*s.sockets[0].getsockname()[:2])
        out = []
        for k in range(20): w.write(b'line %d %d\n' % (i, k)); out.append(await r.readline())
        w.close(); return b''.join(out)
    print(await asyncio.gather(*(talk(i) for i in range(8))))
    s.close()
    p = await asyncio.create_subprocess_exec('md5sum', stdin=-1, stdout=-1)
    print(await p.communicate(b'x' * 100000), p.returncode)
    try: await asyncio.wait_for(asyncio.sleep(30), 0.1)
    except asyncio.TimeoutError: print('timeout')
    print(await asyncio.get_running_loop().run_in_executor(None, sum, range(100000)))
asyncio.run(main())
EOP
python 'computes: big integers, floats, decimals, sorting, regular expressions' <<'EOP'
import math, decimal, re, random
print(pow(3, 60000) % 10**50, math.factorial(3000) % 1000000007)
decimal.getcontext().prec = 400; print(decimal.Decimal(2).sqrt())
random.seed(7); x = [random.random() for _ in range(60000)]; x.sort(); print(x[0], x[-1], math.fsum(x))
print(len(re.findall(r'(\d)(?!\1)\d', ''.join(str(i) for i in range(40000)))))
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(20))
EOP
python 'files, mmap, tempfile, ctypes, sqlite3' <<'EOP'
import os, mmap, tempfile, ctypes, sqlite3, fcntl, bz2, lzma
with open('f', 'w+b') as f:
    f.write(b'abc' * 100000); f.flush()
    with mmap.mmap(f.fileno(), 0) as m: m[5:8] = b'XYZ'; print(m.find(b'XYZ'), m.size())
    fcntl.flock(f, fcntl.LOCK_EX); fcntl.lockf(f, fcntl.LOCK_EX)
print(len(lzma.decompress(lzma.compress(open('f', 'rb').read()))), len(bz2.compress(open('f', 'rb').read())))
libc = ctypes.CDLL(None, use_errno=True)
libc.qsort.restype = None
a = (ctypes.c_int * 2000)(*((i * 7919) % 2003 for i in range(2000)))
order = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
libc.qsort(a, len(a), ctypes.sizeof(ctypes.c_int), order(lambda x, y: x[0] - y[0])); print(list(a) == sorted(a))
print(libc.close(-1), ctypes.get_errno())
d = sqlite3.connect(':memory:'); d.execute('create table t(x)')
d.executemany('insert into t values (?)', ((i,) for i in range(5000))); print(d.execute('select sum(x) from t').fetchone())
with tempfile.TemporaryDirectory(dir='.') as t: print(os.path.isdir(t))
EOP
python -s 'exit 1' 'an exception that nobody catches' <<'EOP'
raise ValueError('nobody')
EOP
python 'destructors and atexit run once, in order' <<'EOP'
import atexit, sys
class D:
    def __del__(self): sys.stdout.write('del\n')
d = D()
atexit.register(print, 'first'); atexit.register(print, 'second')
sys.stderr.write('to stderr\n'); print('to stdout')
EOP
finish
