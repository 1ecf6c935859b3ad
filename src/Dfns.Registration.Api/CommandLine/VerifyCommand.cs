using System.CommandLine;
using Dfns.Registration.Api.CommandLine.Verifying;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>
/// <c>verify</c>: holds captured credentials against what was expected of them, by the verifiers of the service itself. Needs no database, no
/// settings and no network.
/// </summary>
internal static class VerifyCommand
{
    /// <summary>The exit code for input that cannot be used, and for a command that is mistyped: 1 means that something was refused.</summary>
    public const int Unusable = 2;

    /// <summary>What the command is called.</summary>
    public const string Name = "verify";

    private const int Accepted = 0;
    private const int Refused = 1;

    public static Command Make()
    {
        var file = new Argument<FileInfo?>("file") { Arity = ArgumentArity.ZeroOrOne, Description = "JSON: kind, credentialInfo, challenge, rpId, origins, and what else is expected; the README lists the members." };
        var batch = new Option<FileInfo?>("--batch") { Description = "A file with such an object in each line: for each line one line of JSON is written, in the same order." };
        var command = new Command(Name, "Verify a captured credential step by step. Exit code 0: accepted; 1: refused, the reason on the last line; 2: the input cannot be used.\n\nExample: verify captured.json")
        {
            file, batch,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(file) is null == result.GetValue(batch) is null) result.AddError("Name one file, or a batch with --batch.");
        });
        command.SetAction(parsed =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            try
            {
                return parsed.GetValue(batch) is { } lines
                    ? VerifyAll(lines, output)
                    : VerifyOne(parsed.GetValue(file)!, parsed.GetValue(OperatorCommandLine.Json), output, error);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                error.WriteLine($"The file cannot be read: {e.Message}");
                return Unusable;
            }
        });
        return command;
    }

    private static int VerifyOne(FileInfo file, bool json, TextWriter output, TextWriter error)
    {
        using var stream = file.OpenRead();
        using var lines = new LineReader(stream, wholeText: true);
        var report = Report(lines.Next() ?? new InputLine(ReadOnlyMemory<byte>.Empty, TooLong: false));
        if (json) output.WriteLine(report.ToJson());
        else if (report.Verdict != Verdict.Unusable) report.WriteTo(output);
        if (report.Verdict == Verdict.Unusable) error.WriteLine(report.Detail);
        return report.Verdict switch { Verdict.Accepted => Accepted, Verdict.Refused => Refused, Verdict.Unusable => Unusable };
    }

    // The verdicts are in the lines; the exit code says that every line has got one.
    private static int VerifyAll(FileInfo file, TextWriter output)
    {
        using var stream = file.OpenRead();
        using var lines = new LineReader(stream);
        while (lines.Next() is { } line)
        {
            output.WriteLine(Report(line).ToJson());
            output.Flush();
        }

        return Accepted;
    }

    private static VerificationReport Report(InputLine line) =>
        line.TooLong ? VerificationReport.Unusable($"This is longer than {LineReader.MaxLineSizeBytes} bytes.")
        : CapturedCredential.Read(line.Bytes, TimeProvider.System.GetUtcNow()).Failed(out var why, out var captured) ? VerificationReport.Unusable(why)
        : VerificationReport.Of(captured);
}
