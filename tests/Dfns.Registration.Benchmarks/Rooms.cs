using Dfns.Registration.TestKit;

namespace Dfns.Registration.Benchmarks;

/// <summary>Counts which folder of a project uses which.</summary>
internal static class Rooms
{
    public static void Print(string directory)
    {
        var graph = FolderGraph.Read(directory);
        foreach (var folder in graph.Folders)
        {
            Console.WriteLine($"{folder,-16} {string.Join(' ', graph.Of(folder).Select(used => $"{used.Key}({used.Value})"))}");
        }

        var circles = graph.InCircles();
        Console.WriteLine($"{circles.Count} of {graph.Folders.Count} folders use each other in circles: {string.Join(' ', circles)}");
    }
}
