using System.Text.RegularExpressions;

namespace Dfns.Registration.TestKit;

/// <summary>Which folder of a project uses which, read from its sources: by a <c>using</c> or by a qualified name, comments included.</summary>
public sealed class FolderGraph
{
    private readonly SortedDictionary<string, SortedDictionary<string, int>> uses = new(StringComparer.Ordinal);

    private FolderGraph()
    {
    }

    /// <summary>The folders in the project's directory that hold sources.</summary>
    public IReadOnlyCollection<string> Folders => uses.Keys;

    /// <summary>The folders that one uses, each with how many lines name it.</summary>
    /// <param name="folder">One of <see cref="Folders"/>.</param>
    public IReadOnlyDictionary<string, int> Of(string folder) => uses[folder];

    /// <summary>Reads a project.</summary>
    /// <param name="directory">The directory of the project, whose name is the root of its namespaces.</param>
    public static FolderGraph Read(string directory)
    {
        var root = new DirectoryInfo(directory);
        var graph = new FolderGraph();
        var sources = root.GetDirectories().Where(d => d.Name is not ("bin" or "obj"))
            .ToDictionary(d => d.Name, d => d.GetFiles("*.cs", SearchOption.AllDirectories), StringComparer.Ordinal)
            .Where(d => d.Value.Length > 0)
            .ToDictionary(StringComparer.Ordinal);
        // Either below the root of the namespaces, or by its own name, with a type behind it.
        var names = string.Join('|', sources.Keys.Select(Regex.Escape));
        var name = new Regex($@"\b{Regex.Escape(root.Name)}\.(?<folder>{names})\b|(?<![\w.])(?<folder>{names})\.[A-Z]", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));
        foreach (var (folder, files) in sources)
        {
            graph.uses[folder] = new(StringComparer.Ordinal);
            foreach (var line in files.SelectMany(f => File.ReadLines(f.FullName)))
            {
                foreach (var used in name.Matches(line).Select(m => m.Groups["folder"].Value).Where(used => used != folder).Distinct(StringComparer.Ordinal))
                {
                    graph.uses[folder][used] = graph.uses[folder].GetValueOrDefault(used) + 1;
                }
            }
        }

        return graph;
    }

    /// <summary>The folders that reach themselves through others: in circles, all of them together.</summary>
    public IReadOnlyList<string> InCircles() => [.. Folders.Where(f => Reach(f).Contains(f))];

    private HashSet<string> Reach(string folder)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var next = new Stack<string>(Of(folder).Keys);
        while (next.TryPop(out var used))
        {
            if (reached.Add(used)) foreach (var further in Of(used).Keys) next.Push(further);
        }

        return reached;
    }
}
