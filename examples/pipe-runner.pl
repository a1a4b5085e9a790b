#!/usr/bin/perl
# A runner in one file: Perl's own pipes, one for each consumer. It keeps the whole contract of
# docs/reference/runner-contract.md, and needs nothing but Perl's own modules and taskset(1).
#
#   queuemark conform examples/pipe-runner.pl
#   QUEUEMARK_RUNNER=examples/pipe-runner.pl queuemark run -t perl-pipe
#
# The parent makes the pipes, forks the consumers and the producer, and sleeps in select(2). Each worker tells it what
# it did over a pipe of its own, one JSON object a line. Messages go in frames: length, when it was sent, when the
# window was opened, the message itself. A length of 0 ends a phase; the producer goes on when every consumer has
# acknowledged that. All times are nanoseconds of CLOCK_MONOTONIC.

use strict;
use warnings;
use integer;

use Fcntl;
use JSON::PP ();
use List::Util qw(max min sum0);
use POSIX qw(:sys_wait_h :signal_h);
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID);

use constant {
    CONTRACT         => 1,
    OK               => 0,
    INTERNAL         => 1,
    USAGE            => 2,
    NOT_PROVED       => 4,
    INTERRUPTED      => 130,
    SECOND_NS        => 1_000_000_000,
    LARGEST_BYTES    => 1 << 20,
    HEAD_BYTES       => 20,
    READ_BYTES       => 65_536,
    NUMBER_MASK      => (1 << 48) - 1,
    MIX_PERIOD       => 10_000,
    TABLE_PERIOD     => 4093,
    EVERY            => 64,
    TELL_NS          => 20_000_000,
    TICK_NS          => 250_000_000,
    PROGRESS_HIGH    => 64,
    CHECKS_PER_STALL => 4,
};
use constant { PROBE => 0, WARMUP => 1, WINDOW => 2 };

my $json = JSON::PP->new->canonical;

# ---- the verbs

sub main {
    my ($verb, @words) = @_;
    $| = 1;
    my $code = eval {
        if    (($verb // '') eq 'list' && !@words) { say_line(listing()); OK }
        elsif (($verb // '') eq 'trial') { trial(@words) }
        else { refuse('verbs are list and trial NAME [OPTION...]') }
    };
    return $code if defined $code;
    my $said = ref $@ ? $@->{refused} : $@;
    $said =~ s/\s+/ /g;
    print STDERR "pipe-runner: $said\n";
    return ref $@ ? USAGE : INTERNAL;
}

sub refuse { die { refused => $_[0] } }

sub say_line { print $json->encode($_[0]), "\n" }

sub listing {
    my %facts = (
        lossless       => JSON::PP::true,
        ordered        => JSON::PP::true,
        boundaries     => JSON::PP::false,
        copies         => 2,
        patterns       => ['share'],
        dispatches     => ['deal'],
        policies       => ['each'],
        acks           => ['fence'],
        waits          => ['block'],
        max_size_bytes => LARGEST_BYTES,
    );
    my %transport = (
        name      => 'perl-pipe',
        runtime   => 'perl',
        summary   => "Perl's pipe with syswrite and sysread, one a consumer",
        available => JSON::PP::true,
        reason    => undef,
        remedy    => undef,
        facts     => \%facts,
        params    => [],
    );
    return { contract => CONTRACT, runtime => 'perl', version => '1', transports => [\%transport] };
}

# ---- the command line

sub whole {
    my ($low, $high) = @_;
    return sub {
        my ($option, $text) = @_;
        my $fits = $text =~ /^[0-9]{1,18}$/ && $text >= $low && $text <= $high;
        return $fits ? $text + 0 : refuse("$option takes a whole number from $low to $high, got '$text'");
    };
}

sub decimal {
    my ($low, $high) = @_;
    return sub {
        no integer;
        my ($option, $text) = @_;
        my $fits = $text =~ /^[0-9]+(\.[0-9]*)?$/ && $text >= $low && $text <= $high;
        return $fits ? $text + 0 : refuse("$option takes a number from $low to $high, got '$text'");
    };
}

sub word {
    my @words = @_;
    return sub {
        my ($option, $text) = @_;
        return $text if grep { $_ eq $text } @words;
        refuse("$option takes one of " . join(', ', @words) . ", got '$text'");
    };
}

sub anything { return $_[1] }

my %OPTIONS = (
    '--run-id'          => [run_id     => sub { $_[1] =~ /^[A-Za-z0-9-]{1,64}$/ ? $_[1] : refuse("$_[0]: '$_[1]'") }],
    '--size'            => [size       => whole(1, 1 << 30)],
    '--mix'             => [mix        => \&read_mix],
    '--consumers'       => [consumers  => whole(1, 1024)],
    '--pattern'         => [pattern    => word('share')],
    '--dispatch'        => [dispatch   => word('deal')],
    '--policy'          => [policy     => word('each')],
    '--linger-us'       => [linger     => whole(0, 0)],
    '--in-flight'       => [in_flight  => whole(1, 1)],
    '--ack'             => [ack        => word('fence')],
    '--wait'            => [wait       => word('block')],
    '--placement'       => [placement  => word(qw(spread same free))],
    '--items'           => [items      => whole(1, 1 << 47)],
    '--duration'        => [duration   => decimal(0.000001, 86_400)],
    '--warmup'          => [warmup     => decimal(0, 86_400)],
    '--rate'            => [rate       => decimal(0.001, 1_000_000_000)],
    '--stamp-every'     => [every      => whole(1, 1 << 47)],
    '--seed'            => [seed       => whole(0, 999_999_999_999_999_999)],
    '--verify'          => [sample     => \&read_verify],
    '--messages'        => [messages   => \&anything],
    '--messages-format' => [format     => word(qw(lines u32))],
    '--inject'          => [fault      => word(qw(flip drop duplicate reorder kill-consumer stall-consumer))],
    '--stall'           => [stall      => decimal(0.05, 86_400)],
    '--deadline'        => [deadline   => decimal(0.05, 86_400)],
    '--parent'          => [parent_pid => whole(1, 1 << 31)],
    '--role'            => [role       => word('all')],
);

sub read_verify {
    my ($option, $text) = @_;
    return 1 if $text eq 'full';
    return $text =~ /^sample:([0-9]+)$/ ? whole(1, 1 << 47)->($option, $1) : refuse("$option: '$text'");
}

# BYTES:PERCENT,... as pairs of bytes and hundredths of a percent, the smallest size first.
sub read_mix {
    my ($option, $text) = @_;
    my @parts;
    for my $part (split /,/, $text) {
        $part =~ /^([0-9]{1,9}):([0-9]{1,2})(?:\.([0-9]{1,2}))?$/ or refuse("$option: '$text'");
        my ($size, $share) = ($1, 100 * $2 + substr(($3 // '') . '00', 0, 2));
        refuse("$option: a share is 0, or a size has no room for a number: '$text'") if $size < 8 || !$share;
        push @parts, [$size + 0, $share];
    }
    @parts = sort { $a->[0] <=> $b->[0] } @parts;
    my $twice = grep { $parts[$_][0] == $parts[$_ - 1][0] } 1 .. $#parts;
    refuse("$option takes different sizes whose shares add up to 100: '$text'")
        if @parts < 2 || $twice || sum0(map { $_->[1] } @parts) != MIX_PERIOD;
    return \@parts;
}

sub read_options {
    my ($name, @words) = @_;
    refuse('trial takes the name of a transport: perl-pipe') if ($name // '') ne 'perl-pipe';
    my %said;
    while (@words) {
        my $option = shift @words;
        refuse("unknown option '$option', or a parameter: perl-pipe has none") if !$OPTIONS{$option};
        refuse("$option needs a value") if !@words;
        my ($field, $read) = @{ $OPTIONS{$option} };
        $said{$field} = $read->($option, shift @words);
    }
    refuse('--items and --duration exclude each other') if $said{items} && $said{duration};
    refuse('--mix and --messages exclude each other')   if $said{mix}   && $said{messages};
    my %usual = (
        run_id => "run-$$", size => 64, consumers => 1, placement => 'spread', warmup => 0.01, seed => 1,
        sample => 1, format => 'lines', stall => 5, deadline => 600,
    );
    my %options = (%usual, %said);
    settle_sizes(\%options, $said{size});
    $options{duration} //= 0.2 if !$options{items};
    draw_fault(\%options) if $options{fault};
    return \%options;
}

# How large messages are: of a mix, of a file, or all the same.
sub settle_sizes {
    my ($options, $size) = @_;
    if ($options->{mix}) {
        $options->{size} = $options->{mix}[-1][0];
        refuse("--size $size is not the largest of --mix") if $size && $size != $options->{size};
    }
    if (defined $options->{messages}) {
        $options->{records} = read_records(@$options{qw(messages format)});
        $options->{size}    = 8 + max(map { length } @{ $options->{records} });
    }
    refuse("--size $options->{size} is above the largest message, " . LARGEST_BYTES) if $options->{size} > LARGEST_BYTES;
}

sub read_records {
    my ($path, $format) = @_;
    refuse("the messages file $path is not a regular file") if -e $path && !-f $path;
    open my $file, '<:raw', $path or refuse("open the messages file $path: $!");
    local $/;
    my $data = <$file> // '';
    my @records;
    if ($format eq 'lines') {
        @records = grep { length } map { s/\r\z//r } split /\n/, $data;
    } else {
        for (my $at = 0; $at < length $data; ) {
            my $length = $at + 4 <= length $data ? unpack('V', substr $data, $at, 4) : 1 << 32;
            refuse("the messages file $path is cut short at byte $at") if $at + 4 + $length > length $data;
            push @records, substr $data, $at + 4, $length;
            $at += 4 + $length;
        }
    }
    refuse("the messages file $path holds no message") if !@records;
    return \@records;
}

# Which message the fault falls on, and whose: message n of all goes to consumer n modulo their number.
sub draw_fault {
    my ($options) = @_;
    my ($kind, $consumers) = @$options{qw(fault consumers)};
    my $needed   = $kind eq 'reorder' ? 2 : 1;
    my @expected = map { dealt($options->{items} // 400 * $consumers, $_, $consumers) } 0 .. $consumers - 1;
    my @fitting  = grep { $expected[$_] >= $needed } 0 .. $consumers - 1;
    refuse("--inject $kind needs at least $needed messages in one stream; take more items") if !@fitting;
    my $draw = spread($options->{seed} + 64_023);
    my $stream = $fitting[$draw % @fitting];
    my $message = spread($draw + 1) % ($expected[$stream] - $needed + 1);
    $options->{hit} = { stream => $stream, message => $message, bit => spread($draw + 2) };
}

sub dealt {
    my ($items, $stream, $streams) = @_;
    return $items / $streams + ($stream < $items % $streams ? 1 : 0);
}

# ---- what messages hold

# A number of 31 bits from another one.
sub spread {
    my $value = $_[0] & 0x7FFFFFFF;
    for (1 .. 3) { $value = ($value * 1_103_515_245 + 12_345) & 0x7FFFFFFF; $value ^= $value >> 15 }
    return $value;
}

# What all messages of one stream in one phase have in common; messages of other streams and phases do not pass.
sub stream_of {
    my ($options, $consumer, $phase) = @_;
    my $salt = spread(spread($options->{seed} ^ ($options->{seed} >> 31)) + 1024 * $phase + $consumer);
    return { options => $options, consumer => $consumer, salt => $salt };
}

my $table;
my @order;

# Made once, before the workers are forked: random bytes, and the order of sizes in a mix.
sub make_content {
    my ($options) = @_;
    my $draw = spread($options->{seed});
    my $bytes = join '', map { $draw = spread($draw + $_); chr($draw >> 11 & 255) } 1 .. TABLE_PERIOD;
    $table = $bytes x (2 + $options->{size} / TABLE_PERIOD);
    return if !$options->{mix};
    @order = map { ($_->[0]) x $_->[1] } @{ $options->{mix} };
    for my $left (reverse 2 .. @order) {
        my $other = spread($draw + $left) % $left;
        @order[$left - 1, $other] = @order[$other, $left - 1];
    }
}

# 48 bits of number and 16 bits that differ when any single one of these does; then the body.
sub message {
    my ($stream, $number) = @_;
    my ($options, $salt) = @$stream{qw(options salt)};
    my $size = $options->{size};
    return substr pack('Q<', $number), 0, $size if $size < 8 && !$options->{records};
    my $tag = ($number ^ ($number >> 16) ^ ($number >> 32) ^ $salt) & 0xFFFF;
    my $head = pack 'VvS<', $number & 0xFFFFFFFF, $number >> 32 & 0xFFFF, $tag;
    if (my $records = $options->{records}) {
        return $head . $records->[($number * $options->{consumers} + $stream->{consumer}) % @$records];
    }
    $size = $order[($number + $salt) % MIX_PERIOD] if $options->{mix};
    return $head . substr $table, ($number * 7 + $salt) % TABLE_PERIOD, $size - 8;
}

# The number that a message bears out; of one under 8 bytes that which is nearest to the expected one.
sub claim {
    my ($stream, $message, $expected) = @_;
    my $size = $stream->{options}{size};
    if ($size < 8) {
        return if length $message != $size;
        my $round = 1 << (8 * $size);
        my $ahead = (unpack('Q<', $message . "\0" x (8 - $size)) - $expected) & ($round - 1);
        my $behind = $round - $ahead;
        return $ahead <= $round / 2 || $behind > $expected ? $expected + $ahead : $expected - $behind;
    }
    return if length $message < 8;
    my $number = unpack('Q<', $message) & NUMBER_MASK;
    return message($stream, $number) eq $message ? $number : undef;
}

# ---- what became of each message

sub account {
    my ($stream, $sample) = @_;
    my %counted = map { $_ => 0 } qw(messages message_bytes duplicated reordered corrupted checked lost);
    return { %counted, stream => $stream, sample => $sample, next => 0, missing => {}, small => $stream->{options}{size} < 8 };
}

# Takes one message; says which number it is where it came for the first time.
sub take {
    my ($account, $message) = @_;
    my @came;
    if (defined $account->{pending}) {
        # If this one goes on behind the place of the doubtful one, that one was damaged.
        my $number = delete $account->{pending};
        my $in_place = $message eq message($account->{stream}, $account->{next} + 1);
        push @came, believe($account, $in_place ? undef : $number);
    }
    $account->{messages}++;
    $account->{message_bytes} += length $message;
    my $next = $account->{next};
    if ($message eq message($account->{stream}, $next)) {
        $account->{checked} += $next % $account->{sample} == 0;
        $account->{next}++;
        return (@came, $next);
    }
    my $number = claim($account->{stream}, $message, $next);
    $account->{checked}++ if defined $number;
    if ($account->{small} && defined $number) {
        $account->{pending} = $number;
        return @came;
    }
    return (@came, believe($account, $number));
}

sub believe {
    my ($account, $number) = @_;
    if (!defined $number) {
        $account->{corrupted}++;
        $account->{next}++;
        return;
    }
    if ($number >= $account->{next}) {
        # More than a few have never been passed over by a pipe: the rest is counted, not kept.
        my $gap = $number - $account->{next};
        $account->{missing}{$_} = 1 for $account->{next} .. $account->{next} + min($gap, 1000) - 1;
        $account->{gone} += max(0, $gap - 1000);
        $account->{next} = $number + 1;
    } elsif (delete $account->{missing}{$number}) {
        $account->{reordered}++;
    } else {
        $account->{duplicated}++;
        return;
    }
    return $number;
}

sub settle {
    my ($account, $dealt) = @_;
    if (defined $account->{pending}) {
        my $number = delete $account->{pending};
        believe($account, $account->{next} + 1 == $dealt ? undef : $number);
    }
    $account->{corrupted} += max(0, $account->{next} - $dealt);
    $account->{lost} = max(0, $dealt - $account->{next}) + keys(%{ $account->{missing} }) + ($account->{gone} // 0);
}

# ---- times

sub now_ns { no integer; return int(clock_gettime(CLOCK_MONOTONIC) * SECOND_NS) }

sub in_ns { no integer; return int($_[0] * SECOND_NS) }

sub due_ns { no integer; my ($options, $number) = @_; return int($number * SECOND_NS / $options->{rate}) }

sub sleep_until {
    my ($moment_ns) = @_;
    while ((my $left_ns = $moment_ns - now_ns()) > 0) {
        no integer;
        Time::HiRes::sleep($left_ns / SECOND_NS);
    }
}

sub histogram { return { samples => 0, min_ns => 0, max_ns => 0, sum_ns => 0, counts => {} } }

# Buckets of HdrHistogram for three digits: a nanosecond each up to 2047, then 1024 for each doubling.
sub add_time {
    my ($histogram, $time_ns) = @_;
    $time_ns = max(0, $time_ns);
    my $shift = 0;
    $shift++ while $time_ns >> $shift >= 2048;
    my $bucket = $shift ? ($shift + 1) * 1024 + ($time_ns >> $shift) - 1024 : $time_ns;
    $histogram->{counts}{$bucket}++;
    $histogram->{min_ns} = $time_ns if !$histogram->{samples} || $time_ns < $histogram->{min_ns};
    $histogram->{max_ns} = max($histogram->{max_ns}, $time_ns);
    $histogram->{sum_ns} += $time_ns;
    $histogram->{samples}++;
}

sub add_histogram {
    my ($into, $from) = @_;
    return if !$from->{samples};
    $into->{counts}{$_} += $from->{counts}{$_} for keys %{ $from->{counts} };
    $into->{min_ns} = $into->{samples} ? min($into->{min_ns}, $from->{min_ns}) : $from->{min_ns};
    $into->{max_ns} = max($into->{max_ns}, $from->{max_ns});
    $into->{$_} += $from->{$_} for qw(sum_ns samples);
}

# As the contract has it: how many empty buckets to pass over, then what the next one counts.
sub told_histogram {
    my ($histogram) = @_;
    my ($at, @buckets) = (0);
    for my $bucket (sort { $a <=> $b } keys %{ $histogram->{counts} }) {
        push @buckets, $bucket - $at, $histogram->{counts}{$bucket};
        $at = $bucket + 1;
    }
    return { (map { $_ => $histogram->{$_} } qw(samples min_ns max_ns sum_ns)), buckets => \@buckets };
}

# ---- what a worker costs

sub usage {
    open my $status, '<', '/proc/self/status' or die "read /proc/self/status: $!";
    my %found = map { /^(\w+):\s+([0-9]+)/ ? ($1, $2) : () } <$status>;
    no integer;
    return {
        cpu_ns               => int(clock_gettime(CLOCK_PROCESS_CPUTIME_ID) * SECOND_NS),
        switches_voluntary   => $found{voluntary_ctxt_switches} + 0,
        switches_involuntary => $found{nonvoluntary_ctxt_switches} + 0,
        peak_memory_bytes    => $found{VmHWM} * 1024,
    };
}

sub used_since {
    my ($before) = @_;
    my $now = usage();
    return (
        (map { $_ => $now->{$_} - $before->{$_} } qw(cpu_ns switches_voluntary switches_involuntary)),
        peak_memory_bytes => $now->{peak_memory_bytes},
    );
}

# ---- the two ends

sub write_all {
    my ($pipe, $bytes) = @_;
    my ($done, $calls) = (0, 0);
    while ($done < length $bytes) {
        $done += syswrite($pipe, $bytes, length($bytes) - $done, $done) // die "write to a pipe: $!";
        $calls++;
    }
    return $calls;
}

sub report { write_all($_[0]{told}, $json->encode($_[1]) . "\n") }

# The producer's whole life. acks: a byte comes in for each consumer that has seen the end of a phase.
sub produce {
    my ($worker, $options, $pipes, $acks) = @_;
    my $consumers = $options->{consumers};
    my ($phase, $streams, @given, $calls, $bytes, $opened_ns, $next_tell_ns) = (PROBE);
    my ($published, $pacing, $before) = (0, histogram(), 0);

    my $begin = sub {
        $phase = $_[0];
        $streams = [map { stream_of($options, $_, $phase) } 0 .. $consumers - 1];
        ($published, $calls, $bytes, $next_tell_ns, $opened_ns) = (0, 0, 0, 0, 0);
        @given = (0) x $consumers;
    };
    my $send = sub {
        my ($stream, $message, $sent_ns) = @_;
        $calls += write_all($pipes->[$stream], pack('VQ<Q<', length $message, $sent_ns, $opened_ns) . $message);
        $bytes += HEAD_BYTES + length $message;
    };
    my $note = sub {
        my $now_ns = now_ns();
        return $now_ns if $now_ns < $next_tell_ns;
        report($worker, { progress => $published, phase => $phase });
        $next_tell_ns = $now_ns + TELL_NS;
        return $now_ns;
    };
    my $fence = sub {
        write_all($_, pack 'VQ<Q<', 0, 0, 0) for @$pipes;
        for (my $seen = 0; $seen < $consumers; ) {
            $seen += sysread($acks, my $byte, $consumers - $seen) || die "the consumers are gone: $!";
        }
        $before += $published;
    };
    # When the next message may be sent, and when it is, for those that are stamped.
    my $stamp = sub {
        my ($stream, $ahead) = @_;
        my $due_ns = $options->{rate} ? due_ns($options, $published + $ahead) : 0;
        sleep_until($opened_ns + $due_ns) if $options->{rate};
        return 0 if ($given[$stream] + $ahead / $consumers) % $options->{raw_every};
        my $sent_ns = now_ns();
        add_time($pacing, $sent_ns - $opened_ns - $due_ns) if $options->{rate};
        return $sent_ns;
    };

    $begin->(PROBE);
    for my $stream (0 .. $consumers - 1) { $send->($stream, message($streams->[$stream], 0), 0); $published++ }
    $fence->();
    report($worker, { stage => 'ready' });
    if ($options->{warmup}) {
        $begin->(WARMUP);
        my $end_ns = now_ns() + in_ns($options->{warmup});
        do {
            my $stream = $published % $consumers;
            $send->($stream, message($streams->[$stream], $given[$stream]++), 0);
            $published++;
        } while ($note->() < $end_ns);
        $fence->();
    }
    $begin->(WINDOW);
    my $usage = usage();
    $opened_ns = now_ns();
    report($worker, { stage => 'window', opened_ns => $opened_ns });
    my $end_ns = $options->{items} ? 1 << 62 : in_ns($options->{duration});
    my ($hit, $kind) = @$options{qw(hit fault)};
    my $at_us = $hit && $kind !~ /consumer/;
    while (!$options->{items} || $published < $options->{items}) {
        last if $options->{rate} ? due_ns($options, $published) >= $end_ns : now_ns() - $opened_ns >= $end_ns;
        my $stream = $published % $consumers;
        my $faulty = $at_us && $hit->{stream} == $stream && $hit->{message} == $given[$stream];
        if ($faulty && $kind eq 'reorder') {
            # The second of the two is due, and on its way, before the first; what lies between goes as it is dealt.
            my @late = (message($streams->[$stream], $given[$stream]), $stamp->($stream, 0));
            $given[$stream]++; $published++;
            for (2 .. $consumers) {
                my $other = $published % $consumers;
                my $sent_ns = $stamp->($other, 0);
                $send->($other, message($streams->[$other], $given[$other]++), $sent_ns);
                $published++;
            }
            my $sent_ns = $stamp->($stream, 0);
            $send->($stream, message($streams->[$stream], $given[$stream]++), $sent_ns);
            $send->($stream, @late);
            $published++;
        } else {
            my $sent_ns = $stamp->($stream, 0);
            my $message = message($streams->[$stream], $given[$stream]);
            vec($message, $hit->{bit} % (8 * length $message), 1) ^= 1 if $faulty && $kind eq 'flip';
            $send->($stream, $message, $sent_ns) if !$faulty || $kind ne 'drop';
            $send->($stream, $message, $sent_ns) if $faulty && $kind eq 'duplicate';
            $given[$stream]++;
            $published++;
        }
        report($worker, { fault => $hit->{message} }) if $faulty;
        $note->();
    }
    if ($options->{rate}) {
        my $over_ns = due_ns($options, $published);
        sleep_until($opened_ns + min($end_ns, $over_ns));
    }
    my %found = (sent => $published, dealt => \@given, calls => $calls, bytes => $bytes, before => $before);
    %found = (%found, last_ns => now_ns(), used_since($usage), pacing => $pacing);
    report($worker, { found => \%found });
    $fence->();
}

# A consumer's whole life.
sub consume {
    my ($worker, $options, $index, $pipe, $ack) = @_;
    my ($buffer, $calls, $bytes, $before, $clean) = ('', 0, 0, 0, 1);
    my ($latency, $raw) = (histogram(), histogram());
    for my $phase (PROBE, ($options->{warmup} ? WARMUP : ()), WINDOW) {
        my $account = account(stream_of($options, $index, $phase), $options->{sample});
        my ($usage, $next_tell_ns, $now_ns, $ended) = (usage(), 0, now_ns(), 0);
        ($calls, $bytes) = (0, 0);
        while (!$ended) {
            while (length $buffer >= HEAD_BYTES) {
                my ($length, $sent_ns, $opened_ns) = unpack 'VQ<Q<', $buffer;
                last if length $buffer < HEAD_BYTES + $length;
                my $message = substr $buffer, HEAD_BYTES, $length;
                substr $buffer, 0, HEAD_BYTES + $length, '';
                if (!$length) { $ended = 1; last }
                $bytes += HEAD_BYTES + $length;
                my @came = take($account, $message);
                time_of($options, $index, \@came, $now_ns, $sent_ns, $opened_ns, $latency, $raw) if $phase == WINDOW;
                suffer($worker, $options, $index, $account) if $phase == WINDOW && $options->{hit};
            }
            last if $ended;
            if ($now_ns >= $next_tell_ns) {
                report($worker, { progress => $account->{messages}, phase => $phase });
                $next_tell_ns = $now_ns + TELL_NS;
            }
            my $got = sysread($pipe, $buffer, READ_BYTES, length $buffer) // die "read from a pipe: $!";
            die "the producer is gone\n" if !$got;
            $calls++;
            $now_ns = now_ns();
        }
        if ($phase != WINDOW) {
            settle($account, $account->{messages});
            $clean &&= !grep { $account->{$_} } qw(lost duplicated reordered corrupted);
            $before += $account->{messages};
            write_all($ack, '.');
            next;
        }
        my %found = (calls => $calls, bytes => $bytes, before => $before, clean => $clean ? 1 : 0, last_ns => now_ns());
        %found = (%found, used_since($usage), latency => $latency, raw => $raw);
        report($worker, { progress => $account->{messages}, phase => $phase });
        # What was dealt the parent knows from the producer, and tells the account.
        $found{account} = { map { $_ => $account->{$_} } grep { $_ ne 'stream' } keys %$account };
        report($worker, { found => \%found });
        write_all($ack, '.');
    }
}

# Of messages that came for the first time: the stamped one's time is in its frame.
sub time_of {
    my ($options, $index, $came, $now_ns, $sent_ns, $opened_ns, $latency, $raw) = @_;
    for my $number (@$came) {
        my $stamped = $number % $options->{raw_every} == 0 && $sent_ns;
        add_time($options->{rate} ? $raw : $latency, $now_ns - $sent_ns) if $stamped;
        next if !$options->{rate};
        add_time($latency, $now_ns - $opened_ns - due_ns($options, $number * $options->{consumers} + $index));
    }
}

sub suffer {
    my ($worker, $options, $index, $account) = @_;
    my ($hit, $kind) = @$options{qw(hit fault)};
    return if $kind !~ /consumer/ || $hit->{stream} != $index || $account->{messages} <= $hit->{message};
    report($worker, { progress => $account->{messages}, phase => WINDOW });
    report($worker, { fault => $hit->{message} });
    kill 'KILL', $$ if $kind eq 'kill-consumer';
    sleep 3600 while 1;
}

# ---- the parent

sub trial {
    my $options = read_options(@_);
    my $began_ns = now_ns();
    $options->{raw_every} = $options->{every} // ($options->{rate} ? 1 : EVERY);
    make_content($options);
    my $interrupted = 0;
    local @SIG{qw(INT TERM HUP)} = (sub { $interrupted = 1 }) x 3;
    local $SIG{PIPE} = 'IGNORE';
    my $workers = start($options);
    my $state = { failure => undef, stage => '', opened_ns => 0, progress => [] };
    watch($options, $workers, $state, $began_ns, \$interrupted);
    for my $worker (@$workers) { kill 'KILL', $worker->{pid} if !$worker->{ended} && $state->{failure} }
    for my $worker (@$workers) { waitpid $worker->{pid}, 0 if !$worker->{ended} }
    my $result = judge($options, $workers, $state, $began_ns);
    say_line($result);
    return $interrupted ? INTERRUPTED : $result->{state} eq 'ok' ? OK : NOT_PROVED;
}

sub pipe_pair { pipe(my $out, my $in) or die "make a pipe: $!"; return ($out, $in) }

# Worker 0 is the producer. A worker lives as long as the parent holds its `life` open.
sub start {
    my ($options) = @_;
    my $consumers = $options->{consumers};
    my @allowed = allowed_cpus();
    my ($acks, $ack) = pipe_pair();
    my @pipes = map { [pipe_pair()] } 1 .. $consumers;
    my @workers;
    for my $number (1 .. $consumers, 0) {
        my ($told, $telling) = pipe_pair();
        my ($living, $life) = pipe_pair();
        my @cpus = $options->{placement} eq 'free' ? ()
            : $options->{placement} eq 'same' ? $allowed[0] : $allowed[$number % @allowed];
        my $pid = fork // die "start a worker: $!";
        if (!$pid) {
            close $_ for $told, $life, map { $_->{life} // () } @workers;
            my $worker = { told => $telling };
            live_with($living);
            my $code = eval {
                pin(@cpus);
                $number
                    ? consume($worker, $options, $number - 1, $pipes[$number - 1][0], $ack)
                    : produce($worker, $options, [map { $_->[1] } @pipes], $acks);
                OK;
            } // INTERNAL;
            report($worker, { failed => $@ =~ s/\s+/ /gr }) if $code;
            POSIX::_exit($code);
        }
        close $_ for $telling, $living;
        my %new = (pid => $pid, told => $told, life => $life, cpus => \@cpus);
        $workers[$number] = { %new, heard => '', progress => 0, phase => PROBE };
    }
    return \@workers;
}

# The kernel sends SIGIO, which ends a process, when the other end of this pipe is closed: with the runner, however that
# ends. Whom to send it belongs to the pipe, so each worker has one. Other signals are the runner's to answer.
sub live_with {
    my ($living) = @_;
    $SIG{$_} = 'IGNORE' for qw(INT TERM HUP);
    fcntl $living, F_SETOWN, $$ or die "own a pipe: $!";
    my $flags = fcntl $living, F_GETFL, 0 or die "read a pipe's flags: $!";
    fcntl $living, F_SETFL, $flags | O_ASYNC or die "ask for signals of a pipe: $!";
    our $kept = $living;
}

sub allowed_cpus {
    open my $status, '<', '/proc/self/status' or die "read /proc/self/status: $!";
    my ($list) = map { /^Cpus_allowed_list:\s+(\S+)/ ? $1 : () } <$status>;
    return map { /^(\d+)-(\d+)$/ ? ($1 .. $2) : $_ + 0 } split /,/, $list;
}

sub pin {
    my @cpus = @_;
    return if !@cpus;
    open STDOUT, '>', '/dev/null' or die "open /dev/null: $!";
    system('taskset', '-cp', $cpus[0], $$) == 0 or die "taskset could not pin to cpu $cpus[0]";
}

# Sleeps until a worker tells something or ends, somebody asks for the end, or something is due.
sub watch {
    my ($options, $workers, $state, $began_ns, $interrupted) = @_;
    my $stall_ns = in_ns($options->{stall});
    $stall_ns += due_ns($options, 1) if $options->{rate};
    my ($moved, $moved_ns, $idle, $check_ns) = ('', now_ns(), 0, 0);
    my ($tick_ns, $sample_ns, $sample_every_ns) = (0, 0, 25_000_000);
    until ($state->{failure} || !grep { !$_->{found} } @$workers) {
        my ($wanted, $ready) = ('', '');
        vec($wanted, fileno $_->{told}, 1) = 1 for grep { !$_->{ended} } @$workers;
        { no integer; select $ready = $wanted, undef, undef, 0.01 }
        return $state->{failure} = 'interrupted' if $$interrupted;
        POSIX::_exit(INTERRUPTED) if $options->{parent_pid} && getppid() != $options->{parent_pid};
        if ($ready =~ /[^\0]/) {
            for my $number (grep { !$workers->[$_]{ended} && vec $ready, fileno $workers->[$_]{told}, 1 } 0 .. $#$workers) {
                hear($options, $workers, $number, $state);
            }
        }
        my $now_ns = now_ns();
        if ($state->{opened_ns}) {
            my @counts = (in_window($workers->[0]), sum0(map { in_window($_) } @$workers[1 .. $#$workers]));
            $tick_ns ||= $state->{opened_ns} + TICK_NS;
            $sample_ns ||= $state->{opened_ns} + $sample_every_ns;
            if ($now_ns >= $tick_ns) {
                my $elapsed_ns = $now_ns - $state->{opened_ns};
                say_line({ event => 'tick', elapsed_ns => $elapsed_ns, sent => $counts[0], delivered => $counts[1] });
                $tick_ns = $now_ns + TICK_NS;
            }
            if ($now_ns >= $sample_ns) {
                my $points = $state->{progress};
                if (@$points == PROGRESS_HIGH) {
                    @$points = @$points[grep { $_ % 2 } 0 .. $#$points];
                    $sample_every_ns *= 2;
                }
                push @$points, [$now_ns - $state->{opened_ns}, $counts[1]];
                $sample_ns = $now_ns + $sample_every_ns;
            }
        }
        if ($now_ns >= $check_ns) {
            my $here = join ' ', map { "$_->{phase}:$_->{progress}" } @$workers;
            ($moved, $moved_ns, $idle) = ($here, $now_ns, 0) if $here ne $moved;
            $idle++;
            $state->{failure} //= standstill($options, $workers)
                if $idle > CHECKS_PER_STALL && $now_ns - $moved_ns >= $stall_ns;
            $check_ns = $now_ns + in_ns($options->{stall}) / CHECKS_PER_STALL;
        }
        $state->{failure} //= "not finished within the deadline of $options->{deadline} s"
            if $now_ns - $began_ns >= in_ns($options->{deadline});
    }
}

sub in_window { return $_[0]{phase} == WINDOW ? $_[0]{progress} : 0 }

sub role { return $_[0] ? 'consumer ' . ($_[0] - 1) : 'the producer' }

sub standstill {
    my ($options, $workers) = @_;
    my @waiting = map { role($_) . " after $workers->[$_]{progress} messages" } grep { !$workers->[$_]{found} } 1 .. $#$workers;
    return "stalled: nothing moved for $options->{stall} s; the producer had sent $workers->[0]{progress} messages, "
        . 'still waiting: ' . join(', ', @waiting[0 .. min(4, $#waiting)]);
}

# What a worker has told: whole lines; at the end of its pipe it has ended.
sub hear {
    my ($options, $workers, $number, $state) = @_;
    my $worker = $workers->[$number];
    my $got = sysread $worker->{told}, $worker->{heard}, READ_BYTES, length $worker->{heard};
    while ($worker->{heard} =~ s/^(.*)\n//) {
        my $said = $json->decode($1);
        $worker->{$_} = $said->{$_} for grep { exists $said->{$_} } qw(progress phase fault found);
        $state->{opened_ns} = $said->{opened_ns} if $said->{opened_ns};
        # One that fails because another was killed, of a broken pipe say, is not the cause.
        $state->{failure} //= killed($workers) // role($number) . " failed: $said->{failed}" if $said->{failed};
        next if ($said->{stage} // '') ne 'ready';
        my ($producer, @consumers) = map { $_->{pid} } @$workers;
        my %ready = (producer_pid => $producer, consumer_pids => \@consumers, granted => {});
        say_line({ event => 'ready', contract => CONTRACT, run_id => $options->{run_id}, %ready });
    }
    return if $got;
    waitpid $worker->{pid}, 0;
    @$worker{qw(ended status)} = (1, $?);
    return if $worker->{found} && !$?;
    $state->{failure} //= died($number, $worker);
}

sub died {
    my ($number, $worker) = @_;
    my $signal = WIFSIGNALED($worker->{status}) ? WTERMSIG($worker->{status}) : 0;
    my $how = $signal ? "was killed by signal $signal" : 'ended and left no reason';
    return role($number) . " $how after " . in_window($worker) . ' messages';
}

sub killed {
    my ($workers) = @_;
    Time::HiRes::usleep(50_000);
    for my $number (0 .. $#$workers) {
        my $worker = $workers->[$number];
        next if $worker->{ended} || waitpid($worker->{pid}, WNOHANG) != $worker->{pid};
        @$worker{qw(ended status)} = (1, $?);
        return died($number, $worker) if WIFSIGNALED($?);
    }
    return;
}

# ---- the verdict

sub judge {
    my ($options, $workers, $state, $began_ns) = @_;
    my ($producer, @consumers) = @$workers;
    my %result = (
        event => 'result', contract => CONTRACT, run_id => $options->{run_id}, seed => $options->{seed},
        granted => {}, remedy => undef, round_trips => 0, counters => undef, latency => undef, injected => undef,
        oversubscribed => (@$workers > allowed_cpus() || $options->{placement} eq 'same') ? JSON::PP::true : JSON::PP::false,
    );
    my $whole = !$state->{failure};
    my @found = map { consumer_of($options, $_, $producer, $consumers[$_], $state, $whole) } 0 .. $#consumers;
    my %sum = map { my $name = $_; $name => sum0(map { $_->{$name} } @found) }
        qw(delivered lost duplicated reordered corrupted checked calls cpu_ns switches_voluntary switches_involuntary
        peak_memory_bytes);
    my $did = $producer->{found} // {};
    my $sent = $whole ? $did->{sent} : max(in_window($producer), $sum{delivered});
    my %of_producer = map { $_ => $whole ? $did->{$_} : 0 }
        qw(calls cpu_ns switches_voluntary switches_involuntary peak_memory_bytes);
    $sum{$_} += $of_producer{$_} for keys %of_producer;
    $sum{lost} = $sent - $sum{delivered} if !$whole;
    my $window_ns = max(0, map { $_->{window_ns} } @found);
    %result = (
        %result, %sum,
        sent           => $sent,
        window_ns      => $window_ns,
        send_window_ns => $whole ? $did->{last_ns} - $state->{opened_ns} : 0,
        bytes_on_wire  => $whole ? $did->{bytes} : 0,
        message_bytes  => $whole ? sum0(map { $_->{found}{account}{message_bytes} } @consumers) : 0,
        producer  => { cpus => $producer->{cpus}, sent => $sent, bytes_sent => $whole ? $did->{bytes} : 0, %of_producer },
        consumers => \@found,
        progress  => [grep { !$whole || $_->[0] <= $window_ns } @{ $state->{progress} }],
    );
    $result{latency} = latency_of($options, $producer, \@consumers) if $whole;
    if (my ($number) = grep { defined $workers->[$_]{fault} } 0 .. $#$workers) {
        my $consumer = $number ? $number - 1 : $options->{hit}{stream};
        $result{injected} = { fault => $options->{fault}, consumer => $consumer, message => $workers->[$number]{fault} };
    }
    $result{reason} = $state->{failure} // broken_promise($options, \%result, $did, \@consumers);
    $result{state} = defined $result{reason} ? 'failed' : 'ok';
    $result{outside_ns} = now_ns() - $began_ns - $window_ns;
    return \%result;
}

sub consumer_of {
    my ($options, $index, $producer, $worker, $state, $whole) = @_;
    my %counts = (index => $index, cpus => $worker->{cpus}, dealt => undef);
    if (!$whole) {
        $counts{$_} = 0 for qw(lost duplicated reordered corrupted checked window_ns calls bytes_received cpu_ns
            switches_voluntary switches_involuntary peak_memory_bytes);
        return { %counts, delivered => in_window($worker) };
    }
    my ($found, $dealt) = ($worker->{found}, $producer->{found}{dealt}[$index]);
    my $account = $found->{account};
    settle($account, $dealt);
    return {
        %counts,
        (map { $_ => $account->{$_} } qw(lost duplicated reordered corrupted checked)),
        (map { $_ => $found->{$_} } qw(calls cpu_ns switches_voluntary switches_involuntary peak_memory_bytes)),
        dealt          => $dealt,
        delivered      => $account->{messages} - $account->{duplicated},
        window_ns      => $found->{last_ns} - $state->{opened_ns},
        bytes_received => $found->{bytes},
    };
}

sub latency_of {
    my ($options, $producer, $consumers) = @_;
    my ($latency, $raw) = (histogram(), histogram());
    add_histogram($latency, $_->{found}{latency}) for @$consumers;
    add_histogram($raw, $_->{found}{raw}) for @$consumers;
    my $paced = $options->{rate};
    return {
        kind      => 'one-way',
        every     => $paced ? 1 : $options->{raw_every},
        raw_every => $paced ? $options->{raw_every} : 1,
        missed    => 0,
        histogram => told_histogram($latency),
        raw       => $paced ? told_histogram($raw) : undef,
        pacing    => $paced ? told_histogram($producer->{found}{pacing}) : undef,
    };
}

# Why delivery is not proved, or nothing.
sub broken_promise {
    my ($options, $result, $did, $consumers) = @_;
    my @said;
    for my $consumer (@{ $result->{consumers} }) {
        my ($dealt, $got) = ($consumer->{dealt}, $consumer->{delivered} + $consumer->{lost});
        push @said, "consumer $consumer->{index}: dealt $dealt, but accounted for $got" if $dealt != $got;
    }
    push @said, 'faults were found during the warm-up' if grep { !$_->{found}{clean} } @$consumers;
    my $before = sum0(map { $_->{found}{before} } @$consumers);
    push @said, "warm-up: $did->{before} were to arrive, but $before arrived" if $before != $did->{before};
    my @counted = map { $result->{$_} ? "$result->{$_} $_" : () } qw(lost duplicated reordered corrupted);
    push @said, join(', ', @counted) . " of $result->{sent} messages" if @counted;
    push @said, "the fault $options->{fault} could not be made" if $options->{fault} && !$result->{injected};
    return @said ? 'delivery not proved: ' . join('; ', @said) : undef;
}

exit main(@ARGV);
