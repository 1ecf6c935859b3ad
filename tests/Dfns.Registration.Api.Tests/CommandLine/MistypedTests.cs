using System.CommandLine;
using Dfns.Registration.Api.CommandLine;
using Dfns.Registration.Api.Settings;
using Dfns.Registration.Api.Tests.Running;

namespace Dfns.Registration.Api.Tests.CommandLine;

/// <summary>Every mistake that every command lets be typed is told in a sentence of ours, and nothing is done.</summary>
public sealed class MistypedTests
{
    // How the framework tells what is wrong, its types, and a stack trace.
    private static readonly string[] FrameworksWords = ["Option '", "Required ", "Unrecognized", "Cannot parse", "expected type", "expects a single", "was not provided", "System.", "   at "];

    /// <summary>What was typed, and what is told of it.</summary>
    public static TheoryData<string, string> Mistakes
    {
        get
        {
            var mistakes = new TheoryData<string, string>();
            foreach (var (path, command) in Commands(OperatorCommandLine.MakeRoot(), ""))
            {
                if (command.Subcommands.Count > 0) mistakes.Add(path, $"Nothing was done: name what to do behind '{path}'; use one of ");
                mistakes.Add($"{path} --nosuch", "There is no '--nosuch' here");
                if (command.Arguments.Count == 0) mistakes.Add($"{path} nosuch", command.Subcommands.Count > 0 ? "There is no 'nosuch' here; " : "'nosuch' belongs to no option.");
                foreach (var verb in command.Subcommands) mistakes.Add($"{verb.Name} {path}", $"'{verb.Name}' stands in front of '{path}'; write '{path} {verb.Name}'.");
                if (command.Subcommands.Count > 0) continue;
                foreach (var argument in command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0)) mistakes.Add(path, $"<{argument.Name}> is missing.");
                mistakes.Add($"{path} --json=perhaps", "'perhaps' is neither true nor false; ");
                foreach (var option in command.Options)
                {
                    if (option.Required) mistakes.Add(path, $"{option.Name} is missing.");
                    if (option.Arity.MinimumNumberOfValues > 0) mistakes.Add($"{path} {option.Name}", $"{option.Name} has no value.");
                    if (option.Arity.MaximumNumberOfValues == 1 && option.ValueType != typeof(bool)) mistakes.Add($"{path} {option.Name} 1 {option.Name} 2", $"{option.Name} takes one value, and 2 are named.");
                    if (option.ValueType == typeof(bool)) mistakes.Add($"{path} {option.Name}=perhaps", "'perhaps' is neither true nor false; ");
                    if (option.ValueType == typeof(int)) mistakes.Add($"{path} {option.Name} many", $"'many' is no number; {option.Name} takes one.");
                    if (option.ValueType == typeof(DateTimeOffset?)) mistakes.Add($"{path} {option.Name} someday", "'someday' is no date; use one such as ");
                    if (option.ValueType.IsEnum) mistakes.Add($"{path} {option.Name} Nosuch", $"'Nosuch' is no value of {option.Name}; ");
                }
            }

            return mistakes;
        }
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Each_is_told_in_a_sentence_of_ours(string typed, string told)
    {
        var run = await ServiceProgram.RunAsync(typed.Split(' '));

        Assert.True(run.ExitCode == FaultyOf(typed), run.Everything);
        Assert.Contains(told, run.Faults, StringComparison.Ordinal);
        Assert.All(FrameworksWords, word => Assert.DoesNotContain(word, run.Everything, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("user remove --org or-a --user us-a", "There is no 'remove' here; use one of invite, invite-again, list, permit, deactivate, activate.")]
    [InlineData("org delete --org or-a", "There is no 'delete' here; use one of create, list, update.")]
    [InlineData("service-account renw --account us-a", "There is no 'renw' here; did you mean 'renew'?")]
    public async Task A_verb_that_there_is_not_is_told_with_those_that_there_are_and_what_follows_it_is_not_told_to_be_wrong(string arguments, string told)
    {
        var run = await ServiceProgram.RunAsync(arguments.Split(' '));

        Assert.Equal(1, run.ExitCode);
        Assert.Equal([told], run.Faults.Split('\n').Where(line => line.StartsWith("There is no", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("org crate", "There is no 'crate' here; did you mean 'create'?", "'org --help' tells what it takes.")]
    [InlineData("org create --nam Mine", "There is no '--nam' here; did you mean '--name'?", "'org create --help' tells what it takes.")]
    [InlineData("user invite --org or-1 --usrname jane", "There is no '--usrname' here; did you mean '--username'?", "'user invite --help' tells what it takes.")]
    [InlineData("user list", "--org is missing.", "'user list --help' tells what it takes.")]
    [InlineData("user permit --org or-a --username jane", "There is no '--username' here; did you mean '--user'?", "'user permit --help' tells what it takes.")]
    [InlineData("service-account deactivate --org or-a --service-account us-a", "There is no '--service-account' here; did you mean '--account'?", "'service-account deactivate --help' tells what it takes.")]
    [InlineData("user invite --user jane", "There is no '--user' here; did you mean '--username'?", "'user invite --help' tells what it takes.")]
    [InlineData("service-account create --key x.pem", "There is no '--key' here; did you mean '--public-key'?", "'service-account create --help' tells what it takes.")]
    [InlineData("user list --orgid or-a", "There is no '--orgid' here; did you mean '--org'?", "'user list --help' tells what it takes.")]
    [InlineData("relying-party set --passkey x", "There is no '--passkey' here.", "'relying-party set --help' tells what it takes.")]
    [InlineData("org list --org x", "There is no '--org' here.", "'org list --help' tells what it takes.")]
    [InlineData("org create", "--name is missing.", "'org create --help' tells what it takes.")]
    [InlineData("user invite --org or-a --username jane --kind Robot", "'Robot' is no value of --kind", "use one of CustomerEmployee, EndUser.")]
    [InlineData("unknown", "There is no 'unknown' here; use one of org, relying-party, ", "'--help' tells what it takes.")]
    [InlineData("keys rotate now", "'now' belongs to no option.", "'keys rotate --help' tells what it takes.")]
    public async Task What_is_mistyped_is_told_in_a_few_lines(string typed, string said, string where)
    {
        var run = await ServiceProgram.RunAsync(typed.Split(' '));

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(said, run.Faults, StringComparison.Ordinal);
        Assert.EndsWith(where, run.Faults.TrimEnd(), StringComparison.Ordinal);
        Assert.DoesNotContain("Usage:", run.Everything, StringComparison.Ordinal);
    }

    // Words that are no more alike than any two were not mistyped.
    [Fact]
    public void What_every_command_takes_is_meant_by_no_option_of_another()
    {
        string[] everywhere = ["--json", "--help"];
        var options = Commands(OperatorCommandLine.MakeRoot(), "").SelectMany(command => command.Command.Options).Select(option => option.Name).Except(everywhere, StringComparer.Ordinal).Distinct(StringComparer.Ordinal).ToList();

        Assert.True(options.Count > 40);
        Assert.Equal([], options.Where(option => Spelling.NearestOption(option, everywhere) is not null));
    }

    /// <summary>Every setting that is no secret.</summary>
    public static TheoryData<string> Settings => [.. BoundSection.All.SelectMany(section => section.Keys.Except(section.Secrets).Select(section.Path))];

    [Theory]
    [MemberData(nameof(Settings))]
    public async Task A_setting_behind_a_command_is_told_where_it_is_set(string setting)
    {
        var run = await ServiceProgram.RunAsync(["user", "list", "--org", "or-a", $"--{setting}=1"]);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"'--{setting}' is a setting, and a command is told none on its own line: set the environment variable {setting.Replace(":", "__", StringComparison.Ordinal)}.", run.Everything.Trim(), StringComparison.Ordinal);
    }

    /// <summary>Every option of every command that takes a value.</summary>
    public static TheoryData<string, string> Valued => [.. from command in Commands(OperatorCommandLine.MakeRoot(), "")
                                                          from option in command.Command.Options
                                                          where option.ValueType != typeof(bool) && option.Arity.MinimumNumberOfValues > 0
                                                          select (command.Path, option.Name)];

    /// <summary>Whatever can be typed of every command, and of a start of the service: a word, the name of an option, and the value of each.</summary>
    public static TheoryData<string> Typed =>
    [
        .. from command in Commands(OperatorCommandLine.MakeRoot(), "")
           from place in command.Command.Options.SelectMany(option => new[] { $"{option.Name} UNRULY", $"{option.Name}=UNRULY" }).Concat(["UNRULY", "--UNRULY"])
           select $"{command.Path} {place}",
        "UNRULY", "--UNRULY", "--UNRULY=1", "--UNRULY:UNRULY=1", "--Mail:UNRULY=1", "--Webhooks:HttpHosts:UNRULY=1",
    ];

    // A script passes on what others have named: to a terminal it is an order.
    [Theory]
    [MemberData(nameof(Typed))]
    public async Task What_was_typed_is_shown_and_orders_no_terminal_about(string typed)
    {
        var run = await ServiceProgram.RunAsync([.. typed.Split(' ').Select(word => word.Replace("UNRULY", "a\u001b]0;b\u0007\u009b1m\u202ec", StringComparison.Ordinal))]);

        Assert.True(run.ExitCode != 0, run.Everything);
        Assert.DoesNotContain(run.Everything.Replace("\n", "", StringComparison.Ordinal), c => char.IsControl(c) || c == '\u202e');
    }

    // What is left of a script whose variable is not set.
    [Theory]
    [MemberData(nameof(Valued))]
    public async Task The_next_option_is_not_the_value_of_the_one_before(string command, string option)
    {
        var run = await ServiceProgram.RunAsync([.. command.Split(' '), option, "--json"]);

        Assert.Equal((FaultyOf(command), $"Nothing was done: '{option}' has no value, '--json' follows it. A value that begins so is written '{option}=--json'."), (run.ExitCode, run.Everything.Trim()));
    }

    // Whoever asks what a value may be does not mean it: an organisation would be called so.
    [Theory]
    [MemberData(nameof(Valued))]
    public async Task What_begins_with_a_dash_is_not_the_value_of_the_option_before(string command, string option)
    {
        foreach (var dashed in new[] { "-h", "-?", "-x", "-force" })
        {
            var run = await ServiceProgram.RunAsync([.. command.Split(' '), option, dashed]);

            Assert.Equal((FaultyOf(command), $"Nothing was done: '{option}' has no value, '{dashed}' follows it. A value that begins so is written '{option}={dashed}'."), (run.ExitCode, run.Everything.Trim()));
        }
    }

    // The version is one of all commands, and told by none of them.
    [Fact]
    public async Task What_is_an_option_elsewhere_is_not_proposed()
    {
        var run = await ServiceProgram.RunAsync(["user", "list", "--org", "or-a", "--version"]);

        Assert.Equal((1, "There is no '--version' here."), (run.ExitCode, run.Faults.Split('\n')[0]));
    }

    /// <summary>Those that take a number.</summary>
    public static TheoryData<string, string> Numbers => [.. Valued.Where(row => row.Data.Item1.Split(' ').Aggregate((Command)OperatorCommandLine.MakeRoot(), (above, name) => above.Subcommands.Single(verb => verb.Name == name))
        .Options.Single(option => option.Name == row.Data.Item2).ValueType is var type && (type == typeof(int) || type == typeof(int[])))];

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task What_is_no_number_is_told_in_a_sentence(string command, string option)
    {
        var run = await ServiceProgram.RunAsync([.. command.Split(' '), option, "-7,-8"]);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith($"'-7,-8' is no number; {option} takes one", run.Everything, StringComparison.Ordinal);
    }

    // Of a file that was verified 1 says that it was refused.
    private static int FaultyOf(string typed) => typed.StartsWith(VerifyCommand.Name, StringComparison.Ordinal) ? VerifyCommand.Unusable : 1;

    private static IEnumerable<(string Path, Command Command)> Commands(Command parent, string path) =>
        parent.Subcommands.SelectMany(command => Commands(command, $"{path} {command.Name}".Trim()).Prepend(($"{path} {command.Name}".Trim(), command)));
}
