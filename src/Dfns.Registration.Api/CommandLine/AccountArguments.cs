using System.CommandLine;
using Dfns.Registration.Api.Accounts;
using Dfns.Registration.Api.Storage;

namespace Dfns.Registration.Api.CommandLine;

/// <summary>How commands name a user or a service account that exists.</summary>
/// <param name="Noun">The command that holds them: <c>user</c> or <c>service-account</c>.</param>
/// <param name="Option">The option by which one is named.</param>
/// <param name="IsServiceAccount">Which of the two it is.</param>
internal sealed record AccountArguments(string Noun, string Option, bool IsServiceAccount)
{
    /// <summary>A command about one of them.</summary>
    /// <param name="verb">Its name.</param>
    /// <param name="what">What it does, for the help.</param>
    /// <param name="more">What follows in the example after the two ids; begins with a space, or is empty.</param>
    /// <param name="run">Does it, and saves.</param>
    public Command MakeCommand(string verb, string what, string more, Func<IServiceProvider, User, CancellationToken, Task<CommandResult>> run) =>
        MakeCommand(verb, what, more, [], (services, user, _, stop) => run(services, user, stop));

    /// <summary>A command about one of them, with options of its own.</summary>
    public Command MakeCommand(
        string verb, string what, string more, IReadOnlyList<Option> options, Func<IServiceProvider, User, ParseResult, CancellationToken, Task<CommandResult>> run)
    {
        var organisation = OrganisationCommands.Id();
        var id = new Option<string>(Option) { Required = true, Description = $"The id{(IsServiceAccount ? "" : " or the username")}; '{Noun} list' shows it." };
        var command = new Command(verb, $"{what}\n\nExample: {Noun} {verb} --org or-30tnh-itmjs-s235s5ontr3r23h2 {Option} us-6b58p-r53sr-rlrd3l5cj3uc4ome{more}") { organisation, id };
        foreach (var option in options) command.Options.Add(option);
        command.SetAction((parsed, ct) => OperatorCommandLine.RunAsync(
            parsed,
            async (services, stop) =>
                await FindAsync(services.GetRequiredService<UserStore>(), parsed.GetValue(organisation)!, parsed.GetValue(id)!, stop) is { } found
                    ? await run(services, found.User, parsed, stop)
                    : CommandResult.Fault($"There is no {Noun.Replace('-', ' ')} with this id{(IsServiceAccount ? "" : " or name")} in this organisation; '{Noun} list' shows them."),
            ct));
        return command;
    }

    // Nobody takes another's id for a name: the id comes first.
    private async Task<FoundUser?> FindAsync(UserStore users, string organisationId, string typed, CancellationToken ct) =>
        await users.FindAsync(organisationId, typed, IsServiceAccount, ct) ?? (IsServiceAccount ? null : await users.FindPersonAsync(organisationId, typed, ct));
}
