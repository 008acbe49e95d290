#!/bin/sh
# The last words of a boot that failed in the initramfs, for whoever reads the serial log.
echo "cooper: emergency: the initramfs failed"
journalctl -b --no-pager -q -o cat -p warning | grep -v '"contents"' | cut -c1-400 | tail -n 40 | sed 's/^/cooper: emergency: /'
# Ignition's journal holds the whole configuration, keys included: only its verdicts go to the console
journalctl -b --no-pager -q -o cat -t ignition | grep -E 'CRITICAL|ERR |failed|error at' | cut -c1-400 | tail -n 40 |
    sed 's/^/cooper: ignition: /'
echo "cooper: emergency: power off"
sleep 1
systemctl poweroff --force
