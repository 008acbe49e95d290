#!/usr/bin/env python3
"""The script of an uncooperative image: tries its ways out of the box that the image is made in, with what makes a
system's tree has and a build has not - root, mounts, chroot. As tests/build/attack.py, whose ways it tries first, it
says one a line: "held NAME" or "THROUGH NAME what happened". Arguments: the image's tree.

It can only be run where it is boxed: of a real root's it would take the host apart.
"""
import ctypes
import importlib.util
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
root = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location("attack", HERE + "/build-attack.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
libc, v, way = build.libc, build.v, build.way
BIND, REMOUNT, READ_ONLY, REC = 4096, 32, 1, 16384


def check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def mount(what, where, kind=None, flags=0, data=None):
    os.makedirs(where, exist_ok=True)
    encoded = [None if text is None else text.encode() for text in (what, where, kind)]
    return check(libc.mount(*encoded, ctypes.c_ulong(flags), None if data is None else data.encode()))


def opened(*names):
    """The first of the files that can be opened to write; nothing is written."""
    for name in names:
        try:
            os.close(os.open(name, os.O_WRONLY))
            return name
        except OSError:
            pass
    return None


KERNEL = ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches")


@way
def disk_of_the_host_in_the_tree():
    for number in (os.makedev(254, 0), os.makedev(8, 0), os.makedev(259, 0), os.makedev(7, 0)):
        name = root + "/dev/disk"
        os.mknod(name, 0o60600, number)
        return os.open(name, os.O_RDONLY)


@way
def memory_of_the_host_in_the_tree():
    name = root + "/dev/memory"
    os.mknod(name, 0o20600, os.makedev(1, 1))
    return os.open(name, os.O_RDONLY)


@way
def disk_of_the_host_is_mounted():
    for name in ("/dev/vda", "/dev/sda1", "/dev/nvme0n1p1", "254:0"):
        for kind in ("ext4", "xfs", "btrfs"):
            try:
                mount(name, "/tmp/disk", kind, READ_ONLY)
                return name
            except OSError:
                pass


@way
def chroot_is_left_by_a_descriptor():
    """The way out of a chroot: it leads to the box, and nothing else is there."""
    top = os.open("/", os.O_RDONLY)
    os.makedirs(root + "/tmp/jail", exist_ok=True)
    if os.fork() == 0:
        os.chroot(root + "/tmp/jail")
        os.fchdir(top)
        for _ in range(64):
            os.chdir("..")
        os.chroot(".")
        os._exit(os.path.exists(v("SECRET")))
    return os.waitstatus_to_exitcode(os.wait()[1])


@way
def roots_above_are_seen():
    return [n for n in os.listdir("/") if n in ("home", "root", "boot", "run", "sys", "mnt", "media", "srv", "old", "new")]


@way
def old_root_is_found():
    """A root that was left behind and is still there would be mounted somewhere."""
    with open("/proc/self/mountinfo", encoding="utf8") as f:
        return [line.split()[3:5] for line in f if line.split()[3] == "/" and " ext4 " in line]


@way
def system_is_written():
    for name in ("/usr/bin/cooper-was-here", "/etc/cooper-was-here", "/opt/cooper-was-here"):
        try:
            with open(name, "w", encoding="ascii"):
                return name
        except OSError:
            pass


@way
def system_is_mounted_to_write():
    for name in ("/usr", "/etc", "/", "/proc"):
        try:
            mount(None, name, None, REMOUNT | BIND)
            return name
        except OSError:
            pass


@way
def copy_of_the_system_is_mounted_to_write():
    mount("/usr", "/tmp/usr", None, BIND | REC)
    mount(None, "/tmp/usr", None, REMOUNT | BIND)
    return "writable"


@way
def system_is_written_through_an_overlay():
    for name in ("up", "work", "over"):
        os.makedirs("/tmp/" + name, exist_ok=True)
    mount("overlay", "/tmp/over", "overlay", 0, "lowerdir=/etc,upperdir=/tmp/up,workdir=/tmp/work")
    with open("/tmp/over/cooper-was-here", "w", encoding="ascii"):
        pass
    libc.umount2(b"/tmp/over", 2)
    return os.path.exists("/etc/cooper-was-here")  # in its own folder alone: held


@way
def secrets_are_uncovered():
    for name in ("/etc/shadow", "/etc/gshadow", "/etc/ssl/private"):
        while libc.umount2(name.encode(), 2) == 0:
            pass
    try:
        return open("/etc/shadow", encoding="utf8").read(8)
    except OSError:
        return None


@way
def packages_are_changed():
    names = os.listdir(v("PACKAGES"))
    name = os.path.join(v("PACKAGES"), next(n for n in names if n.endswith(".deb")))
    return opened(name) or os.chmod(name, 0o600) or "mode"


@way
def packages_are_linked():
    names = os.listdir(v("PACKAGES"))
    name = next(n for n in names if n.endswith(".deb"))
    os.link(os.path.join(v("PACKAGES"), name), root + "/linked")
    return "linked"


@way
def scripts_are_changed():
    with open(HERE + "/customize.sh", "a", encoding="ascii") as f:
        return f.write("#")


@way
def kernel_is_set():
    return opened(*KERNEL)


@way
def kernel_is_set_by_a_new_proc():
    mount("proc", "/tmp/proc", "proc")
    return opened(*["/tmp" + name for name in KERNEL])


@way
def kernel_is_set_by_the_tree():
    return opened(*[root + name for name in KERNEL])


@way
def devices_are_set_by_sysfs():
    mount("sysfs", "/tmp/sys", "sysfs")
    return opened("/tmp/sys/power/state", "/tmp/sys/kernel/uevent_helper", "/tmp/sys/kernel/mm/transparent_hugepage/enabled")


@way
def groups_of_processes():
    mount("cgroup2", "/tmp/groups", "cgroup2")
    return opened("/tmp/groups/cgroup.procs")


@way
def groups_with_an_agent():
    mount("cgroup", "/tmp/agents", "cgroup", 0, "memory")
    return opened("/tmp/agents/release_agent")


@way
def file_by_a_handle():
    """A file of the host by its number, whatever the view hides."""
    number = {"x86_64": 304}.get(os.uname().machine, 265)
    handle = (ctypes.c_uint32 * 4)(8, 1, 2, 0)  # the root folder of an ext4
    fd = libc.syscall(number, os.open(root, os.O_RDONLY), handle, os.O_RDONLY)
    return "opened" if fd >= 0 else None


@way
def namespaces_of_users():
    build.call("unshare", 0x10000000)
    return "made"


@way
def namespaces_of_networks():
    build.call("unshare", 0x40000000)
    return "made"


@way
def first_process_is_killed():
    os.kill(1, signal.SIGKILL)
    os.kill(1, signal.SIGSEGV)
    return None if os.path.exists("/proc/1") else "gone"


@way
def first_process_is_traced():
    build.call("ptrace", 0x4206, 1, 0, 0)
    return "seized"


@way
def module_is_loaded():
    number = {"x86_64": 175}.get(os.uname().machine, 105)
    return libc.syscall(number, b"", 0, b"") == 0


@way
def clock_is_set():
    now = (ctypes.c_long * 2)()
    libc.clock_gettime(0, now)
    return libc.clock_settime(0, now) == 0


@way
def name_of_the_host():
    return libc.sethostname(b"taken", 5) == 0


@way
def interface_is_made():
    return subprocess.run(["ip", "link", "add", "x", "type", "dummy"], check=False).returncode == 0


@way
def processes_of_many_users():
    """Each user has a number of its own: together they have one, too."""
    bombs = [
        subprocess.Popen([HERE + "/bomb"], stdout=subprocess.PIPE, preexec_fn=lambda uid=uid: os.setresuid(uid, uid, uid))
        for uid in (1001, 1002, 1003)
    ]
    counts = [int(b.communicate()[0]) for b in bombs]
    return None if sum(counts) < 4300 else counts


print("tried everything of an image")
