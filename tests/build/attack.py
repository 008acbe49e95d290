#!/usr/bin/env python3
"""An uncooperative recipe: tries its ways out of the box, one a line: "held NAME" or "THROUGH NAME what happened".

What it is after comes in the environment, as V_... of tests/build/box.sh. Run where nothing holds it does no harm: what
it changes are the victims that the test made.
"""
import ctypes
import os
import resource
import signal
import socket
import subprocess
import sys

libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
# of the newer calls the numbers are alike everywhere
CALLS = {
    "ptrace": 101 if X86 else 117, "mount": 165 if X86 else 40, "unshare": 272 if X86 else 97,
    "add_key": 248 if X86 else 217, "keyctl": 250 if X86 else 219, "process_vm_readv": 310 if X86 else 270,
    "bpf": 321 if X86 else 280, "perf_event_open": 298 if X86 else 241, "setns": 308 if X86 else 268,
    "shmget": 29 if X86 else 194, "fsopen": 430, "io_uring_setup": 425,
    "open_tree": 428, "pidfd_open": 434, "pidfd_getfd": 438, "openat2": 437, "fchmodat2": 452,
}
only = sys.argv[1:]


def call(name, *args):
    """A raw system call; OSError when it fails."""
    result = libc.syscall(CALLS[name], *[ctypes.c_long(a) if isinstance(a, int) else a for a in args])
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def v(name):
    return os.environ["V_" + name]


def way(function):
    """Any exception means that it was held; what it returns is how it got through."""
    name = function.__name__.replace("_", "-")
    if only and name not in only:
        return
    try:
        got = function()
    except Exception as why:  # pylint: disable=broad-except
        print("held", name, "(" + str(why)[:60] + ")", flush=True)
        return
    print(*(("THROUGH", name, str(got)[:80]) if got else ("held", name)), flush=True)


def inet(kind, family, host):
    s = socket.socket(family, kind)
    s.settimeout(1)
    s.connect((host, int(v("PORT"))))
    s.send(b"x")
    return s.recv(10)


@way
def descriptors_inherited():
    own = os.open("/proc/self/fd", os.O_RDONLY)
    names = [n for n in os.listdir(own) if int(n) > 2 and int(n) != own]
    return [os.readlink("/proc/self/fd/" + n) for n in names if os.path.lexists("/proc/self/fd/" + n)]


@way
def network_tcp():
    return inet(socket.SOCK_STREAM, socket.AF_INET, "127.0.0.1")


@way
def network_udp():
    return inet(socket.SOCK_DGRAM, socket.AF_INET, "127.0.0.1")


@way
def network_packets():
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW)


@way
def network_raw():
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


@way
def network_vsock():
    return socket.socket(40, socket.SOCK_STREAM)


@way
def socket_abstract():
    s = socket.socket(socket.AF_UNIX)
    s.connect("\0" + v("ABSTRACT"))
    return s.recv(10)


@way
def socket_of_agent():
    s = socket.socket(socket.AF_UNIX)
    s.connect(v("AGENT"))
    return s.recv(10)


@way
def agent_in_environment():
    return [n for n in os.environ if n in ("SSH_AUTH_SOCK", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS", "SECRET_TOKEN")]


@way
def home_is_read():
    return open(v("SECRET"), encoding="ascii").read()


@way
def home_is_listed():
    return os.listdir(os.path.dirname(v("SECRET")))


@way
def own_home_has_settings():
    return os.listdir(os.environ["HOME"])


@way
def home_is_written():
    return open(os.path.join(v("HOME"), ".profile"), "w", encoding="ascii").write("x")


@way
def store_is_written():
    return open(os.path.join(v("STORE"), "planted"), "w", encoding="ascii").write("x")


@way
def keg_is_written():
    return open(v("KEG"), "r+", encoding="ascii").write("x")


@way
def cas_is_written():
    return open(os.path.join(v("CAS"), "planted"), "w", encoding="ascii").write("x")


@way
def other_build_is_read():
    return os.listdir(v("OTHER"))


@way
def temp_of_others_is_written():
    return open(v("TEMP"), "r+", encoding="ascii").write("x")


@way
def link_is_written_through():
    os.symlink(v("TEMP"), "link")
    return open("link", "r+", encoding="ascii").write("x")


@way
def hard_link_is_written():
    os.link(v("TEMP"), "hard")
    return open("hard", "r+", encoding="ascii").write("x")


@way
def file_is_moved_out():
    open("moved", "w", encoding="ascii").close()
    os.rename("moved", v("TEMP") + ".moved")
    return "moved"


@way
def mode_of_a_file():
    os.chmod(v("TEMP"), 0o600)
    return "changed"


@way
def process_is_signalled():
    os.kill(int(v("PID")), 0)
    return "seen"


@way
def process_is_killed_by_pidfd():
    fd = call("pidfd_open", int(v("PID")), 0)
    signal.pidfd_send_signal(fd, 0)
    return "seen"


@way
def process_is_traced():
    pid = int(v("PID"))
    call("ptrace", 0x4206, pid, 0, 0)  # PTRACE_SEIZE
    return "seized"


@way
def memory_of_a_process():
    buffer = ctypes.create_string_buffer(8)
    iov = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8)
    far = (ctypes.c_void_p * 2)(0x400000, 8)
    call("process_vm_readv", int(v("PID")), iov, 1, far, 1, 0)
    return "read"


@way
def proc_mem():
    return open("/proc/%s/mem" % v("PID"), "rb")


@way
def proc_environ():
    return open("/proc/%s/environ" % v("PID"), "rb").read(8)


@way
def proc_root():
    return os.listdir("/proc/%s/root/" % v("PID"))


@way
def proc_cwd():
    return os.listdir("/proc/%s/cwd/" % v("PID"))


@way
def proc_of_the_first():
    return os.listdir("/proc/1/root" + v("HOME"))


@way
def descriptor_of_a_process():
    fd = call("pidfd_open", int(v("PID")), 0)
    return call("pidfd_getfd", fd, 0, 0)


@way
def device_is_made():
    os.mknod("disk", 0o60666, os.makedev(254, 0))
    return "made"


@way
def device_is_opened():
    for name in ("/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/mem", "/dev/kmsg", "/dev/fuse", "/dev/kvm", "/dev/tty"):
        if os.path.exists(name):
            return os.open(name, os.O_RDONLY)
    return None


@way
def mount():
    os.mkdir("mounted")
    call("mount", b"none", b"mounted", b"tmpfs", 0, 0)
    libc.umount2(b"mounted", 2)
    return "mounted"


@way
def mount_in_a_new_way():
    return call("fsopen", b"tmpfs", 0)


@way
def tree_is_cloned():
    return call("open_tree", -100, b"/", 1)


@way
def chroot():
    if os.fork() == 0:
        os._exit(libc.chroot(b".") == 0)
    return os.wait()[1]


@way
def namespace_is_made():
    call("unshare", 0x10000000)
    return "made"


@way
def namespace_is_joined():
    call("setns", os.open("/proc/%s/ns/net" % v("PID"), os.O_RDONLY), 0)
    return "joined"


@way
def keyring():
    return call("add_key", b"user", b"cooper-test", b"x", 1, -3)


@way
def rings():
    return call("io_uring_setup", 4, ctypes.create_string_buffer(256))


@way
def bpf():
    return call("bpf", 0, ctypes.create_string_buffer(128), 128)


@way
def sysctl():
    with open("/proc/sys/kernel/domainname", "r+", encoding="ascii") as f:
        f.write("(none)\n")
    return "written"


@way
def setuid_by_chmod():
    open("rootme", "w", encoding="ascii").close()
    os.chmod("rootme", 0o4755)
    return oct(os.stat("rootme").st_mode)


@way
def setuid_by_open():
    os.close(os.open("rootme2", os.O_CREAT | os.O_WRONLY, 0o4755))
    return os.stat("rootme2").st_mode & 0o6000


@way
def setuid_by_a_newer_call():
    open("rootme3", "w", encoding="ascii").close()
    call("fchmodat2", -100, b"rootme3", 0o4755, 0)
    return oct(os.stat("rootme3").st_mode)


@way
def capabilities_of_a_file():
    open("capable", "w", encoding="ascii").close()
    os.setxattr("capable", "security.capability", b"\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
    return "set"


@way
def privileges():
    with open("/proc/self/status", encoding="ascii") as f:
        lines = dict(line.split(":", 1) for line in f)
    return lines["NoNewPrivs"].strip() != "1" or int(lines["CapEff"], 16)


@way
def shared_memory():
    return call("shmget", int(v("SHM")), 0, 0)


@way
def huge_file():
    with open("huge", "w", encoding="ascii") as f:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        f.truncate(200 << 30)
    return "made"


@way
def limits_are_raised():
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return "raised"


@way
def any_number_of_processes():
    text = subprocess.run(["./bomb"], stdout=subprocess.PIPE, check=True).stdout
    return None if int(text) < 4200 else text


@way
def daemon():
    subprocess.run(["sh", "-c", "setsid sh -c '(exec sleep %s) & exit' </dev/null >/dev/null 2>&1 &" % v("MARK")], check=True)


print("tried everything")
