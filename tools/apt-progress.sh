# SPDX-License-Identifier: BSD-2-Clause
# Read by tools/setup and tools/debian-fetch: what apt is doing, on one line.

# apt_progress WHAT: stdin is what `apt-get -o APT::Status-Fd=...` reports. On a terminal one line
# that changes, elsewhere a line every quarter. What is not a report is passed on to stderr.
apt_progress() {
    shown=-25
    part=
    while IFS=: read -r kind item percent text; do
        case $kind in
        dlstatus) now=downloading ;;
        pmstatus) now=installing ;;
        *) echo "$kind${item:+:$item}${percent:+:$percent}${text:+:$text}" >&2; continue ;;
        esac
        [ "$now" = "$part" ] || { part=$now; shown=-25; }
        percent=${percent%%.*}
        if [ -t 1 ]; then
            printf '\r\033[K%s: %s, %3d %%' "$1" "$now" "$percent"
        elif [ "$percent" -ge $((shown + 25)) ]; then
            shown=$((percent - percent % 25))
            echo "$1: $now, $percent %"
        fi
    done
    [ ! -t 1 ] || printf '\r\033[K'
}
