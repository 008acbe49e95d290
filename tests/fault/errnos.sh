# Sourced: what the kernel can say to each call (man 2, ext4, xfs and btrfs), as far as each asks for another answer of ours.
# shellcheck shell=bash

errnos_of() {
	case $1 in
	open | openat | stat | lstat | fstatat | access | readlink | readlinkat | realpath | chdir) echo EIO EACCES ENOMEM ELOOP ;;
	open-write | openat-write | mkstemp | mkdtemp | mkdir | mkdirat | mkfifo | symlink | symlinkat) echo EIO EACCES ENOSPC EMFILE EROFS ;;
	fstat | statvfs | readdir | lseek | getcwd | getsockname) echo EIO ENOMEM ;;
	read | pread) echo EIO EINTR ;;
	read-stream) echo EINTR ;;
	write-stream) echo EINTR EPIPE ;;
	write | pwrite | copy_file_range) echo ENOSPC EIO EDQUOT EFBIG ;;
	fsync | close) echo EIO ENOSPC ;;
	ftruncate) echo ENOSPC EFBIG EIO ;;
	rename | renameat | link | linkat) echo EIO ENOSPC EACCES EROFS ;;
	unlink | unlinkat) echo EIO EACCES EROFS ;;
	chmod | fchmod | fchmodat | chown | futimens | utimensat) echo EIO EPERM EROFS ;;
	fdopendir) echo ENOMEM EMFILE ;;
	fork | pthread_create) echo EAGAIN ENOMEM ;;
	execve) echo ENOMEM EACCES E2BIG ;;
	waitpid) echo EINTR ECHILD ;;
	poll) echo EINTR ENOMEM ;;
	flock) echo ENOLCK EINTR ;;
	pipe2 | dup2 | socket | accept) echo EMFILE ENFILE ;;
	connect | bind | listen) echo EACCES ENOMEM ;;
	setpgid | setsid | setrlimit) echo EPERM ;;
	setsockopt | mmap) echo ENOMEM ;;
	send) echo EPIPE ECONNRESET ;;
	receive) echo EINTR ECONNRESET ;;
	unshare) echo EPERM ENOSPC ;;
	mount) echo EPERM ENOMEM ;;
	seccomp) echo EINVAL ENOMEM ;;
	getrandom) echo EINTR ;;
	*) echo EIO ;;
	esac
}

number_of() {
	case $1 in
	EPERM) echo 1 ;; EINTR) echo 4 ;; EIO) echo 5 ;; E2BIG) echo 7 ;; ECHILD) echo 10 ;; EAGAIN) echo 11 ;; ENOMEM) echo 12 ;;
	EACCES) echo 13 ;; EINVAL) echo 22 ;; ENFILE) echo 23 ;; EMFILE) echo 24 ;; EFBIG) echo 27 ;; EPIPE) echo 32 ;; ECONNRESET) echo 104 ;; ENOSPC) echo 28 ;; EROFS) echo 30 ;; ENOLCK) echo 37 ;;
	ELOOP) echo 40 ;; EDQUOT) echo 122 ;; *) echo "$1" ;;
	esac
}
