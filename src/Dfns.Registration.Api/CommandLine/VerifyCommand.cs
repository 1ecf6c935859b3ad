using System.CommandLine;
using Dfns.Registration.Api.CommandLine.Verifying;
using Dfns.Registration.Api.Wire;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>
/// <c>verify</c>: holds captured credentials against what was expected of them, and signed actions against the export that tells of them, by the
/// verifiers of the service itself. Needs no database, no settings and no network.
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
        var payload = new Option<FileInfo>("--payload") { Description = "The body of a signed call, to be held against what was signed." };
        var command = new Command(Name, "Verify a captured credential, or an exported signed action, step by step. Exit code 0: accepted; 1: refused, the reason on the last line; 2: the input cannot be used.\n\nExample: verify captured.json\nExample: verify action.json --payload body.json")
        {
            file, batch, payload,
        };
        command.Validators.Add(result =>
        {
            // What has no value yet cannot be asked for it.
            var (ofOne, ofBatch) = (result.GetResult(file) is { Tokens.Count: > 0 }, result.GetResult(batch) is not null);
            if (ofOne == ofBatch) result.AddError("Name one file, or a batch with --batch.");
            if (ofBatch && result.GetResult(payload) is not null) result.AddError("--payload belongs to one file.");
        });
        command.SetAction(parsed =>
        {
            var (output, error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            try
            {
                return parsed.GetValue(batch) is { } lines
                    ? VerifyAll(lines, output)
                    : VerifyOne(parsed.GetValue(file)!, parsed.GetValue(payload), parsed.GetValue(OperatorCommandLine.Json), output, error);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                FileInfo[] named = [.. new[] { parsed.GetValue(batch), parsed.GetValue(file), parsed.GetValue(payload) }.OfType<FileInfo>()];
                error.WriteLine(FreeText.Shown(FileFault.Of(Array.Find(named, n => !n.Exists) ?? named[0], e)));
                return Unusable;
            }
        });
        return command;
    }

    private static int VerifyOne(FileInfo file, FileInfo? payload, bool json, TextWriter output, TextWriter error)
    {
        var report = Report(ReadWhole(file), payload is null ? null : ReadWhole(payload));
        if (json) output.WriteLine(report.ToJson());
        else if (report.Verdict != Verdict.Unusable) report.WriteTo(output);
        if (report.Verdict == Verdict.Unusable) error.WriteLine(FreeText.Shown(report.Detail!));
        return report.Verdict switch { Verdict.Accepted => Accepted, Verdict.Refused => Refused, Verdict.Unusable => Unusable };
    }

    private static InputLine ReadWhole(FileInfo file)
    {
        using var stream = file.OpenRead();
        using var lines = new LineReader(stream, wholeText: true);
        return lines.Next() ?? new InputLine(ReadOnlyMemory<byte>.Empty, TooLong: false);
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

    private static VerificationReport Report(InputLine line, InputLine? payload = null) =>
        line.TooLong || payload is { TooLong: true } ? VerificationReport.Unusable($"This is longer than {LineReader.MaxLineSizeBytes} bytes.")
        : SignedActionVerifier.IsOne(line.Bytes) ? SignedActionVerifier.Verify(line.Bytes, payload?.Bytes)
        : payload is not null ? VerificationReport.Unusable("A payload belongs to a signed action: an answer of GET /auth/action/logs/{id}, with its member 'evidence'.")
        : CapturedCredential.Read(line.Bytes, TimeProvider.System.GetUtcNow()).Failed(out var why, out var captured) ? VerificationReport.Unusable(why)
        : VerificationReport.Of(captured);
}
