#!/usr/bin/env bash
# Checks the AVX-512 code on a machine without AVX-512: in Bochs, an x86 emulator that has it, under Debian's kernel.
#     tools/test_avx512.sh [kernel_check options]
# Runs the tool on a sample picture with --cpu scalar, avx2 and avx512, and kernel_check --cpu avx512 with the options given
# (default: --family gemm, some minutes; --family conv takes hours, --family vector one).
# Not part of tools/test.sh: a CPU with AVX-512 tests the same in seconds. The kernel's package is fetched into build/bochs, not
# installed. May assume: Debian 12 on x86-64. Says nothing about speed: an emulator cannot.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
source tools/install_deps.sh

if [ "${1:-}" = -h ] || [ "${1:-}" = --help ]; then
    sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
fi
options=("$@")
if [ ${#options[@]} -eq 0 ]; then options=(--family gemm); fi

install_deps avx512
cmake --preset release -DONR_WERROR=ON -DONR_TESTS=ON --log-level=WARNING
cmake --build build/release -j "$(nproc)" --target onnxrun_cli kernel_check

work=$PWD/build/bochs root=$PWD/build/bochs/root
if [ ! -e "$work/vmlinuz" ]; then
    echo "== Fetching a kernel into build/bochs"
    rm -rf "$work/kernel" && mkdir -p "$work/kernel"
    package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')
    (cd "$work/kernel" && apt-get -q download "$package" && dpkg-deb -x ./*.deb .)
    cp "$work"/kernel/boot/vmlinuz-* "$work/vmlinuz"
    rm -rf "$work/kernel"
fi

# The guest's file system: busybox, the two programs with their libraries, the model, a picture, and kernel_check's shapes, which
# it looks for where they are in the source tree.
rm -rf "$root" && mkdir -p "$root"/{bin,proc,sys,dev,tmp} "$root$PWD/tests/kernels"
cp /bin/busybox "$root/bin/"
cp build/release/onnxrun build/release/tests/kernels/kernel_check models/residualnet16-fashion.onnx* models/fashion-labels.txt "$root/"
cp models/samples/07-sneaker.png "$root/sneaker.png"
cp -r tests/kernels/shapes "$root$PWD/tests/kernels/"
for library in $(ldd build/release/onnxrun build/release/tests/kernels/kernel_check | grep -o '/[^ :]*\.so[^ :]*' | sort -u); do
    mkdir -p "$root$(dirname "$library")"
    cp -Lu "$library" "$root$library"
done
cat >"$root/init" <<END
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
cd /
for cpu in scalar avx2 avx512; do
    echo "guest: \$cpu: \$(./onnxrun -q residualnet16-fashion.onnx sneaker.png --cpu \$cpu | /bin/busybox grep ' 1 ')"
done
./kernel_check --cpu avx512 ${options[*]@Q}
echo "guest: kernel_check ended with \$?"
/bin/busybox sleep 3 # the serial line drains
/bin/busybox poweroff -f
END
chmod +x "$root/init"

# Debian's kernel and Bochs do not agree on the size of compacted register states; without xsavec and xsaves (321, 323) they do.
rm -rf "$work/iso" && mkdir -p "$work/iso/boot/grub"
cp "$work/vmlinuz" "$work/iso/boot/"
(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$work/iso/boot/initrd"
cat >"$work/iso/boot/grub/grub.cfg" <<'END'
set timeout=0
menuentry onnxrun {
    linux /boot/vmlinuz console=ttyS0 quiet mitigations=off nokaslr lpj=100000 noxsaves clearcpuid=321,323
    initrd /boot/initrd
}
END
grub-mkrescue -o "$work/disc.iso" "$work/iso" >"$work/mkrescue.log" 2>&1
cat >"$work/bochsrc" <<END
display_library: rfb, options="timeout=0"
megs: 2048
cpu: model=corei7_skylake_x, count=1, ips=100000000
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=$work/disc.iso, status=inserted
boot: cdrom
plugin_ctrl: unmapped=1, biosdev=1, extfpuirq=1, serial=1
sound: driver=dummy
com1: enabled=1, mode=file, dev=$work/serial.txt
log: $work/bochs.log
END
echo c >"$work/commands" # Debian's Bochs begins in its debugger: continue

echo "== Booting Bochs (a few minutes; what it prints grows in build/bochs/serial.txt)"
rm -f "$work/serial.txt"
bochs -q -f "$work/bochsrc" -rc "$work/commands" >"$work/bochs.out" 2>&1 </dev/null || true # it ends with 1 when the guest powers off
if [ ! -s "$work/serial.txt" ]; then
    echo "Bochs printed nothing: see build/bochs/bochs.out and build/bochs/bochs.log" >&2
    exit 1
fi
tr -d '\r' <"$work/serial.txt" | grep -v '^\[ *[0-9.]*\]'
if [ "$(grep -c '^guest: .*Sneaker' "$work/serial.txt")" != 3 ]; then
    echo "The picture is not a sneaker at every CPU level" >&2
    exit 1
fi
grep -q '^guest: kernel_check ended with 0' "$work/serial.txt"
echo "== The AVX-512 code passed"
