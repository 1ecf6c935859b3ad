using System.CommandLine;
using Dfns.Registration.Api.Tokens;

namespace Dfns.Registration.Api.CommandLine;

/// <summary><c>keys rotate</c>.</summary>
internal static class KeyCommands
{
    public static Command Make()
    {
        var rotate = new Command("rotate", "Publish a new signing key. It signs as soon as every instance knows it; tokens signed before stay good.\n\nExample: keys rotate");
        rotate.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(parsed, RotateAsync, ct));
        return new Command("keys", "The keys that sign tokens.") { rotate };
    }

    private static async Task<CommandResult> RotateAsync(IServiceProvider services, CancellationToken ct)
    {
        var key = await services.GetRequiredService<SigningKeys>().RotateAsync(ct);
        return CommandResult.Row(new { key.Id, key.ActiveFrom });
    }
}
