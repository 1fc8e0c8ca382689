//! Which system calls a box refuses: those that make namespaces, mount, load code into the kernel, look into other processes, or
//! keep memory where the grader doesn't count it. Compilers and programs don't need them, and each one is a part of the kernel
//! in which a bug would be a way out. Written as the classic BPF program that seccomp takes.

use std::sync::Arc;

/// A filter in the kernel's own layout.
pub(super) type Filter = Arc<[u8]>;

/// What a refused call returns.
const EPERM: u32 = 1;
/// What a call returns that this kernel claims not to have, so that the C library uses an older call.
const ENOSYS: u32 = 38;
/// What `socket` returns for a refused family.
const EAFNOSUPPORT: u32 = 97;

/// `CLONE_NEWTIME`, `NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID` and `NEWNET`. The lowest byte of `clone`'s flags
/// is a signal, so `NEWTIME` isn't one of its flags.
const NAMESPACES: u32 = 0x7e02_0000;

/// `TIOCSTI` types into a terminal, `TIOCLINUX` pastes into a console.
const TERMINALS: [u32; 2] = [0x5412, 0x541c];

/// The allowed socket families: local, IPv4, IPv6. A box has its own network, without any way out, but
/// `AF_VSOCK` (40) would reach the host of a virtual machine.
const FAMILIES: [u32; 3] = [1, 2, 10];

/// An architecture's number, and the numbers of its system calls. The calls since number 424 have the same number everywhere.
struct Numbers {
    /// `AUDIT_ARCH_…`.
    arch: u32,
    /// Numbers from here on belong to a different ABI.
    end: Option<u32>,
    clone: u32,
    ioctl: u32,
    socket: u32,
    refused: &'static [u32],
}

#[rustfmt::skip]
const X86_64: Numbers = Numbers {
    arch: 0xc000_003e,
    end: Some(0x4000_0000),
    clone: 56,
    ioctl: 16,
    socket: 41,
    refused: &[
        // ptrace, process_vm_readv, process_vm_writev, kcmp
        101, 310, 311, 312,
        // mount, umount2, pivot_root, chroot, unshare, setns, name_to_handle_at, open_by_handle_at, uselib
        165, 166, 155, 161, 272, 308, 303, 304, 134,
        // shmget, shmat, semget, msgget, memfd_create: memory that belongs to no process
        29, 30, 64, 68, 319,
        // bpf, perf_event_open, userfaultfd, fanotify_init, io_setup, add_key, request_key, keyctl
        321, 298, 323, 300, 206, 248, 249, 250,
        // init_module, finit_module, delete_module, kexec_load, kexec_file_load, reboot, syslog, acct, swapon, swapoff
        175, 313, 176, 246, 320, 169, 103, 163, 167, 168,
        // settimeofday, clock_settime, clock_adjtime, adjtimex, sethostname, setdomainname, quotactl, vhangup
        164, 227, 305, 159, 170, 171, 179, 153,
        // iopl, ioperm, modify_ldt, _sysctl, nfsservctl, lookup_dcookie, migrate_pages, move_pages
        172, 173, 154, 156, 180, 212, 256, 279,
    ],
};

#[rustfmt::skip]
const AARCH64: Numbers = Numbers {
    arch: 0xc000_00b7,
    end: None,
    clone: 220,
    ioctl: 29,
    socket: 198,
    refused: &[
        // The same in the same order.
        117, 270, 271, 272,
        40, 39, 41, 51, 97, 268, 264, 265,
        194, 196, 190, 186, 279,
        280, 241, 282, 262, 0, 217, 218, 219,
        105, 273, 106, 104, 294, 142, 116, 89, 224, 225,
        170, 112, 266, 171, 161, 162, 60, 58,
        42, 18, 238, 239,
    ],
};

/// `io_uring_setup`, `io_uring_enter`, `io_uring_register`, `open_tree`, `move_mount`, fsopen, fsconfig, fsmount, fspick, `pidfd_getfd`,
/// `mount_setattr`, `quotactl_fd`, `memfd_secret`, statmount, listmount, `open_tree_attr`.
const REFUSED_EVERYWHERE: [u32; 16] = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 443, 447, 457, 458, 467];

/// Its flags are in memory, where a filter can't look.
const CLONE3: u32 = 435;

/// The filter for this machine; none where the numbers aren't known.
pub(super) fn of_this_machine() -> Option<Filter> {
    if cfg!(target_endian = "big") {
        return None;
    }
    match std::env::consts::ARCH {
        "x86_64" => Some(assemble(&X86_64)),
        "aarch64" => Some(assemble(&AARCH64)),
        _ => None,
    }
}

/// Where the kernel puts what a filter looks at.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
/// The lower half of an argument.
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

/// A program under construction.
#[derive(Default)]
struct Program(Vec<u8>);

impl Program {
    fn add(&mut self, code: u16, yes: u8, no: u8, value: u32) {
        self.0.extend(code.to_ne_bytes());
        self.0.extend([yes, no]);
        self.0.extend(value.to_ne_bytes());
    }

    fn load(&mut self, place: u32) {
        self.add(0x20, 0, 0, place);
    }

    fn allow(&mut self) {
        self.add(0x06, 0, 0, 0x7fff_0000);
    }

    fn refuse(&mut self, error: u32) {
        self.add(0x06, 0, 0, 0x0005_0000 | error);
    }

    /// Skips so many instructions unless what was loaded is this.
    fn unless_equal(&mut self, value: u32, skip: u8) {
        self.add(0x15, 0, skip, value);
    }

    fn refuse_if_equal(&mut self, value: u32, error: u32) {
        self.unless_equal(value, 1);
        self.refuse(error);
    }

    fn allow_if_equal(&mut self, value: u32) {
        self.unless_equal(value, 1);
        self.allow();
    }
}

fn assemble(numbers: &Numbers) -> Filter {
    let Numbers { arch, end, clone, ioctl, socket, refused } = numbers;
    let mut program = Program::default();
    program.load(ARCH);
    // Such as the calls of 32-bit programs.
    program.add(0x15, 1, 0, *arch);
    program.refuse(ENOSYS);
    program.load(NUMBER);
    if let Some(end) = end {
        program.add(0x35, 0, 1, *end);
        program.refuse(ENOSYS);
    }
    program.refuse_if_equal(CLONE3, ENOSYS);
    for number in refused.iter().chain(&REFUSED_EVERYWHERE) {
        program.refuse_if_equal(*number, EPERM);
    }
    program.unless_equal(*clone, 4);
    program.load(argument(0));
    program.add(0x45, 0, 1, NAMESPACES);
    program.refuse(EPERM);
    program.allow();
    program.unless_equal(*ioctl, 6);
    program.load(argument(1));
    for request in TERMINALS {
        program.refuse_if_equal(request, EPERM);
    }
    program.allow();
    program.unless_equal(*socket, 8);
    program.load(argument(0));
    for family in FAMILIES {
        program.allow_if_equal(family);
    }
    program.refuse(EAFNOSUPPORT);
    program.allow();
    program.0.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would answer.
    fn answer(filter: &Filter, arch: u32, number: u32, args: [u64; 2]) -> u32 {
        let word = |place: u32| match place {
            NUMBER => number,
            ARCH => arch,
            place => args[((place - 16) / 8) as usize] as u32,
        };
        let (mut at, mut loaded) = (0, 0);
        loop {
            let code = &filter[at * 8..at * 8 + 8];
            let value = u32::from_ne_bytes(code[4..].try_into().unwrap());
            let is_true = match u16::from_ne_bytes(code[..2].try_into().unwrap()) {
                0x20 => {
                    loaded = word(value);
                    at += 1;
                    continue;
                }
                0x06 => return value,
                0x15 => loaded == value,
                0x35 => loaded >= value,
                0x45 => loaded & value != 0,
                other => panic!("{other:#x}"),
            };
            at += 1 + usize::from(if is_true { code[2] } else { code[3] });
        }
    }

    const ALLOWED: u32 = 0x7fff_0000;

    fn refused(error: u32) -> u32 {
        0x0005_0000 | error
    }

    #[test]
    fn what_programs_need_is_allowed_and_the_rest_refused_on_both_architectures() {
        for (numbers, write, execve) in [(X86_64, 1, 59), (AARCH64, 64, 221)] {
            let filter = assemble(&numbers);
            assert!(filter.len() < 4096, "it has to fit into a pipe");
            let of = |number, args| answer(&filter, numbers.arch, number, args);
            // Reading, threads, a child, a local socket, the size of a terminal; pidfd_open, which waits for a child.
            for (number, args) in [
                (write, [1, 0]),
                (execve, [0, 0]),
                (numbers.clone, [0x003d_0f00, 0]),
                (numbers.clone, [17, 0]),
                (numbers.socket, [1, 1]),
                (numbers.socket, [2, 1]),
                (numbers.ioctl, [1, 0x5413]),
                (434, [1, 0]),
            ] {
                assert_eq!(of(number, args), ALLOWED, "{number} {args:x?}");
            }
            assert_eq!(of(CLONE3, [0, 0]), refused(ENOSYS));
            for flag in [0x1000_0000, 0x0002_0000, 0x4000_0000, 0x2000_0000, 0x0200_0000] {
                assert_eq!(of(numbers.clone, [flag | 0x11, 0]), refused(EPERM), "{flag:x}");
            }
            for family in [16, 38, 40, 17, 0] {
                assert_eq!(of(numbers.socket, [family, 1]), refused(EAFNOSUPPORT), "{family}");
            }
            assert_eq!(of(numbers.ioctl, [0, 0x5412]), refused(EPERM));
            for number in numbers.refused.iter().chain(&REFUSED_EVERYWHERE) {
                assert_eq!(of(*number, [0, 0]), refused(EPERM), "{number}");
            }
            // Calls of another ABI.
            assert_eq!(answer(&filter, 0x4000_0003, write, [0, 0]), refused(ENOSYS));
            if let Some(end) = numbers.end {
                assert_eq!(of(end + write, [0, 0]), refused(ENOSYS));
            }
        }
    }
}
